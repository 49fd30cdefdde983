using System.Buffers.Binary;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>Collects the rows of IPCTNL_MSG_CT_GET_STATS_CPU (ctnetlink_ct_stat_cpu_fill_info).</summary>
internal readonly struct StatVisitor(List<CounterRow> rows) : IMessageVisitor
{
    public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Nl.GenericBytes)
        {
            return true;
        }

        // The resource id is the CPU's number.
        var row = new CounterRow { Cpu = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]) };
        var attributes = new AttributeReader(payload[Nl.GenericBytes..]);
        while (attributes.Next())
        {
            if (FieldOf(attributes.Type) is { } field)
            {
                row[field] = attributes.BigEndian32();
            }
        }

        if (!attributes.Failed)
        {
            rows.Add(row);
        }

        return true;
    }

    private static CounterField? FieldOf(int attribute) => (ushort)attribute switch
    {
        Ctnetlink.CTA_STATS_FOUND => CounterField.Found,
        Ctnetlink.CTA_STATS_INVALID => CounterField.Invalid,
        Ctnetlink.CTA_STATS_IGNORE => CounterField.Ignore,
        Ctnetlink.CTA_STATS_DELETE => CounterField.Delete,
        Ctnetlink.CTA_STATS_INSERT => CounterField.Insert,
        Ctnetlink.CTA_STATS_INSERT_FAILED => CounterField.InsertFailed,
        Ctnetlink.CTA_STATS_DROP => CounterField.Drop,
        Ctnetlink.CTA_STATS_EARLY_DROP => CounterField.EarlyDrop,
        Ctnetlink.CTA_STATS_ERROR => CounterField.Error,
        Ctnetlink.CTA_STATS_SEARCH_RESTART => CounterField.SearchRestart,
        Ctnetlink.CTA_STATS_CLASH_RESOLVE => CounterField.ClashResolve,
        Ctnetlink.CTA_STATS_CHAIN_TOOLONG => CounterField.ChainTooLong,
        _ => null,
    };
}

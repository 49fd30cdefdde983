using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>The request for a dump (IPCTNL_MSG_CT_GET), with the conditions that the kernel can check.</summary>
/// <param name="Filter">The conditions. A kernel passes over those that came after it, so what it sends is checked again.</param>
internal readonly record struct DumpRequest(KernelFilter Filter)
{
    internal const int MaxBytes = FilterAttributes.MaxMessageBytes;

    /// <summary>Writes the message.</summary>
    /// <returns>Its length.</returns>
    internal int Write(Span<byte> buffer, uint sequence)
    {
        var writer = new MessageWriter(buffer);
        writer.Begin(Ctnetlink.IPCTNL_MSG_CT_GET, Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, sequence, Filter.Family);
        FilterAttributes.Write(ref writer, Filter);
        writer.End();
        return writer.Length;
    }
}

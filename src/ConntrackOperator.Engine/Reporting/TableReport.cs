using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From what was read of the table to what is reported. Pure.</summary>
internal static class TableReport
{
    public static TableStatus Table(in TableReading reading) => new()
    {
        Entries = reading.Entries,
        Limit = reading.Limit,
        NoLimit = reading.NoLimit ? true : null,
        LimitText = reading.NoLimit ? "none" : reading.Limit?.ToString(CultureInfo.InvariantCulture),
        Buckets = reading.Buckets,
        Percent = reading.Percent,
        MemoryBytes = reading.MemoryBytes,
        Memory = reading.MemoryBytes is { } bytes ? ByteSize.Format(bytes) : null,
        EntryBytes = reading.MemoryBytes is null ? null : reading.EntryBytes,
        EntryBytesWhy = reading.MemoryBytes is null ? null : reading.ExtensionsWhy ?? "no entry can have extensions",
    };

    public static RatesStatus? Rates(CounterRates? rates) => rates is null ? null : new()
    {
        TableFullDropsPerMinute = PacketLoss.Whole(rates.TableFullDropsPerMinute),
        RacesLostPerMinute = PacketLoss.Whole(rates.RacesLostPerMinute),
        OtherDropsPerMinute = PacketLoss.Whole(rates.OtherDropsPerMinute),
        EarlyDropsPerMinute = PacketLoss.Whole(rates.EarlyDropsPerMinute),
        ChainTooLongPerMinute = PacketLoss.Whole(rates.ChainTooLongPerMinute),
        InvalidPerMinute = PacketLoss.Whole(rates.InvalidPerMinute),
        OverSeconds = (int)Math.Min(int.MaxValue, Math.Round(rates.Span.TotalSeconds)),
    };
}

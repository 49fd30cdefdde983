using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From what was read of the table to what is reported. Pure.</summary>
internal static class TableReport
{
    public static TableStatus Table(in TableReading reading, in Outlook outlook) => new()
    {
        Entries = reading.Entries,
        Limit = reading.Limit,
        NoLimit = reading.NoLimit ? true : null,
        LimitText = reading.NoLimit ? "none" : reading.Limit?.ToString(),
        Buckets = reading.Buckets,
        Percent = reading.Percent,
        MemoryBytes = reading.MemoryBytes,
        Memory = reading.MemoryBytes is { } bytes ? ByteSize.Format(bytes) : null,
        EntryBytes = reading.MemoryBytes is null ? null : reading.EntryBytes,
        EntryBytesWhy = reading.MemoryBytes is null ? null : reading.ExtensionsWhy ?? "no entry can have extensions",
        HeadroomPercent = Headroom.Percent(outlook.Headroom),
        HeadroomWhenFullPercent = Headroom.Percent(outlook.HeadroomWhenFull),
        FullIn = outlook.Full is { } soon ? Rounded(soon.In) : null,
        FullInSeconds = outlook.Full is { } full ? (long)full.In.TotalSeconds : null,
        FullInBasis = outlook.Full?.Basis,
    };

    // No more exact than the line is: to five minutes from an hour on.
    private static string Rounded(TimeSpan time)
    {
        var minutes = (long)Math.Round(time.TotalMinutes);
        return minutes < 1 ? "0s" : KubeDuration.Format((minutes < 60 ? minutes : (minutes + 2) / 5 * 5) * 60);
    }

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

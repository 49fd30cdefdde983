using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Agent.Telemetry;

/// <summary>
/// What the agent counts. The loop shows what it saw at each turn; whoever scrapes reads that, from another thread, and never
/// asks the kernel itself: a scraper can't make the agent work.
/// </summary>
internal sealed class AgentMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ConntrackOperator.Agent";

    /// <summary>Where the agent's spans come from.</summary>
    public static readonly ActivitySource Spans = new(MeterName);

    private static readonly SettingState[] _states = Enum.GetValues<SettingState>();

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _apply;
    private readonly Histogram<double> _scan;
    private readonly Counter<long> _reports;
    private volatile Seen? _seen;
    private ConntrackCounters? _first;
    private long _reportedAt;

    public AgentMetrics()
    {
        Table("conntrack_entries", "{entry}", "Entries in the table.", r => r.Entries);
        _meter.CreateObservableGauge(
            "conntrack_entries_limit", Limit, "{entry}", "What the table can hold: nf_conntrack_max; +Inf where the kernel has no limit.");
        Table("conntrack_buckets", "{bucket}", "Buckets of the table's hash.", r => r.Buckets);
        Table("conntrack_memory_bytes", "By", "What the table takes when it is full, in bytes.", r => r.MemoryBytes);
        Outlook(
            "conntrack_headroom_ratio", "1", "The probability that a new connection found room over the last minute, 0 to 1.",
            o => o.Headroom);
        Outlook(
            "conntrack_headroom_when_full_ratio", "1",
            "What it would be if the table were full of what is in it now, 0 to 1; estimated from a sample.", o => o.HeadroomWhenFull);
        Outlook(
            "conntrack_table_full_in_seconds", "s",
            "When the table is full if it goes on as in the last hour, in seconds; absent when it does not grow steadily.",
            o => o.Full?.In.TotalSeconds);
        _meter.CreateObservableGauge(
            "conntrack_nat_ports_used_ratio", NatPorts, "1",
            "Of the ports of a translated address, how many are in use for one destination, 0 to 1; by rank, 1 is the worst.");
        _meter.CreateObservableGauge(
            "conntrack_entries_by_state", ByState, "{entry}",
            "Entries by protocol and state: counted while later samples agree with the count, else estimated from a sample once a minute.");
        _meter.CreateObservableGauge(
            "conntrack_setting", Settings, null, "A setting's value: desired as planned, actual as the kernel has it.");
        _meter.CreateObservableGauge("conntrack_settings", BySettingState, null, "How many settings are in each state.");
        _meter.CreateObservableGauge(
            "conntrack_last_report_timestamp_seconds", LastReport, "s",
            "When the API server last took this node's report, in seconds since 1970.");

        Counter(
            "conntrack_drop_total", "{packet}",
            "The kernel's counter drop: packets that no entry could be had for, and packets that lost a race.", c => c.Drop);
        Lost(
            "conntrack_table_full_drops_total", "Packets dropped because the table was full, since the agent's start.",
            c => c.TableFullDrops);
        Lost("conntrack_races_lost_total", "Packets lost at insertion since the agent's start, in races or because a translated address "
            + "has no port left: no size of the table helps.", c => c.RacesLost);
        Lost(
            "conntrack_other_drops_total",
            "Packets dropped that were neither, since the agent's start: no memory for an entry, or refused by a protocol's tracker.",
            c => c.OtherDrops);
        Counter("conntrack_early_drop_total", "{entry}", "Entries evicted to make room for new ones.", c => c.EarlyDrop);
        Counter(
            "conntrack_insert_failed_total", "{packet}",
            "The kernel's counter insert_failed: insertions that lost a race or met a chain too long.", c => c.InsertFailed);
        Counter("conntrack_clash_resolve_total", "{packet}", "Races at insertion that were resolved without a loss.", c => c.ClashResolve);
        Counter("conntrack_chain_too_long_total", "{packet}", "Insertions refused because a hash chain was too long.", c => c.ChainTooLong);
        Counter("conntrack_invalid_total", "{packet}", "Packets that belong to no connection that could be.", c => c.Invalid);
        _meter.CreateObservableCounter(
            "conntrack_setting_rewrites_total", Rewrites, null, "How often a setting was put back after somebody else changed it.");
        _meter.CreateObservableCounter(
            "conntrack_flushed_entries_total",
            () => _seen is { } seen ? [new Measurement<long>(seen.Flushed)] : Array.Empty<Measurement<long>>(), "{entry}",
            "Entries deleted for ConntrackFlushes.");
        _reports = _meter.CreateCounter<long>(
            "conntrack_reports_total", null, "Reports sent to the API server, by result: written or failed.");
        _apply = _meter.CreateHistogram<double>("conntrack_apply_duration_seconds", "s", "How long a pass took that changed a setting.");
        _scan = _meter.CreateHistogram<double>("conntrack_scan_duration_seconds", "s", "How long a look into the table took.");
    }

    /// <summary>Shows what a turn of the loop saw.</summary>
    /// <param name="reading">The table.</param>
    /// <param name="status">How the settings stand.</param>
    /// <param name="breakdown">What fills the table; null: not known yet.</param>
    /// <param name="flushed">Entries deleted for flushes since the agent's start.</param>
    /// <param name="outlook">How near the table is to being full.</param>
    public void Show(in TableReading reading, NodeStatus status, Breakdown? breakdown, long flushed, in Outlook outlook = default)
    {
        _first ??= reading.Counters;
        _seen = new Seen(reading, status.Settings ?? [], breakdown?.States ?? [], flushed, outlook, status.Nat);
    }

    public void Applied(TimeSpan took) => _apply.Record(took.TotalSeconds);

    public void Scanned(TimeSpan took, bool all) =>
        _scan.Record(took.TotalSeconds, new KeyValuePair<string, object?>("kind", all ? "full" : "sample"));

    public void Reported(bool written, DateTimeOffset at)
    {
        if (written)
        {
            Interlocked.Exchange(ref _reportedAt, at.ToUnixTimeSeconds());
        }

        _reports.Add(1, new KeyValuePair<string, object?>("result", written ? "written" : "failed"));
    }

    public void Dispose() => _meter.Dispose();

    private void Table(string name, string unit, string help, Func<TableReading, long?> value) =>
        _meter.CreateObservableGauge(
            name,
            () => _seen is { } seen && value(seen.Reading) is { } now ? [new Measurement<long>(now)] : Array.Empty<Measurement<long>>(),
            unit, help);

    private void Outlook(string name, string unit, string help, Func<Outlook, double?> value) =>
        _meter.CreateObservableGauge(
            name,
            () => _seen is { } seen && value(seen.Outlook) is { } now ? [new Measurement<double>(now)] : Array.Empty<Measurement<double>>(),
            unit, help);

    private void Counter(string name, string unit, string help, Func<ConntrackCounters, long> value) =>
        _meter.CreateObservableCounter(name, () => _seen?.Reading.Counters is { } counters ? [new Measurement<long>(
            value(counters))] : Array.Empty<Measurement<long>>(), unit, help);

    // Why a packet was lost is told from one reading to the next, and of what was before the first from the sums alone. The two
    // need not agree: a counter that went on from those sums after a restart would jump.
    private void Lost(string name, string help, Func<ConntrackCounters, long> value) =>
        Counter(name, "{packet}", help, c => value(c) - (_first is { } first ? value(first) : 0));

    private IEnumerable<Measurement<double>> Limit() => _seen?.Reading switch
    {
        { NoLimit: true } => [new(double.PositiveInfinity)],
        { Limit: { } limit } => [new(limit)],
        _ => [],
    };

    // By rank and not by address: addresses are without end, and series that are gone count against the bound. Who it is, the status says.
    private IEnumerable<Measurement<double>> NatPorts() => _seen?.Nat is not { } pairs ? [] : pairs.Count == 0
        ? [new Measurement<double>(0, new KeyValuePair<string, object?>("rank", "1"))]
        : pairs.Select((pair, i) => new Measurement<double>(
            (pair.Percent ?? 0) / 100.0, new KeyValuePair<string, object?>("rank", (i + 1).ToString(CultureInfo.InvariantCulture))));

    private IEnumerable<Measurement<long>> ByState()
    {
        foreach (var share in _seen?.States ?? [])
        {
            // Prometheus takes an empty label for none at all.
            yield return new Measurement<long>(
                share.EstimatedEntries, new("protocol", share.Protocol), new("state", share.State.Length == 0 ? "none" : share.State));
        }
    }

    private IEnumerable<Measurement<long>> Settings()
    {
        foreach (var setting in _seen?.Settings ?? [])
        {
            if (setting.Desired is { } desired)
            {
                yield return new Measurement<long>(desired, new("name", setting.Name), new("kind", "desired"));
            }

            if (setting.Actual is { } actual)
            {
                yield return new Measurement<long>(actual, new("name", setting.Name), new("kind", "actual"));
            }
        }
    }

    private IEnumerable<Measurement<long>> BySettingState()
    {
        if (_seen is { } seen)
        {
            foreach (var state in _states)
            {
                yield return new Measurement<long>(
                    seen.Settings.Count(s => s.State == state), new KeyValuePair<string, object?>("state", state.ToString()));
            }
        }
    }

    private IEnumerable<Measurement<long>> Rewrites()
    {
        foreach (var setting in _seen?.Settings ?? [])
        {
            yield return new Measurement<long>(setting.Rewrites ?? 0, new KeyValuePair<string, object?>("name", setting.Name));
        }
    }

    private IEnumerable<Measurement<long>> LastReport() =>
        Interlocked.Read(ref _reportedAt) is > 0 and var at ? [new Measurement<long>(at)] : [];

    private sealed record Seen(
        TableReading Reading, IReadOnlyList<SettingStatus> Settings, IReadOnlyList<StateShare> States, long Flushed, Outlook Outlook,
        IReadOnlyList<NatStatus>? Nat);
}

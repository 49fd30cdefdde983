using ConntrackOperator.Cli.Top;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Advice;

namespace ConntrackOperator.Cli.Host;

/// <summary>Looks at this machine's table, again and again with the same memory.</summary>
internal sealed class HostLook(EngineOptions options, bool full, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _settle = TimeSpan.FromSeconds(1);

    private readonly NodeEngine _engine = NodeEngine.OpenReadOnly(options, time);
    private readonly TableScanner _scanner = new(sysctls: new(options.SysctlPath), time: time);
    private bool _counting;

    /// <exception cref="Netfilter.Netlink.NetlinkException">The table can't be read.</exception>
    public async Task<TopReport> ReportAsync(CancellationToken cancel)
    {
        if (!_engine.Sysctls.ModuleLoaded && !TrackingModule.IsSeen())
        {
            throw new CliException(ExitCode.Failure, "there is no table: the nf_conntrack module is not loaded");
        }

        if (!_counting)
        {
            // A rate takes two readings.
            _engine.Observe();
            await Task.Delay(_settle, time, cancel);
            _counting = true;
        }

        var idle = _engine.Timeouts.Clock(assumeHeld: true);
        var seen = full ? _scanner.Scan(idle, cancel) : _scanner.Sample(ScanCycle.SampleSize, idle, cancel);
        var reading = _engine.Observe();
        return new TopReport
        {
            Name = _engine.Facts.HostName,
            At = seen.At,
            Entries = reading.Entries,
            Limit = reading.Limit,
            NoLimit = reading.NoLimit ? true : null,
            Percent = reading.Percent,
            TableFullDropsPerMinute = Rate(reading.Rates?.TableFullDropsPerMinute),
            RacesLostPerMinute = Rate(reading.Rates?.RacesLostPerMinute),
            OtherDropsPerMinute = Rate(reading.Rates?.OtherDropsPerMinute),
            EarlyDropsPerMinute = Rate(reading.Rates?.EarlyDropsPerMinute),
            ChainTooLongPerMinute = Rate(reading.Rates?.ChainTooLongPerMinute),
            InvalidPerMinute = Rate(reading.Rates?.InvalidPerMinute),
            RatesOverSeconds = Rate(reading.Rates?.Span.TotalSeconds),
            Sampled = seen.Sampled,
            ErrorBoundPercent = Rounded(seen.ErrorBoundPercent),
            UnrepliedPercent = Rounded(seen.UnrepliedPercent),
            AssuredPercent = Rounded(seen.AssuredPercent),
            TimeoutsWatchedFor = Duration(seen.TimeoutsWatchedFor),
            States = [.. seen.States.Select(State)],
            Sources = [.. seen.TopSources.Select(s => new TopTalker { Address = s.Address.ToString(), Percent = Rounded(s.Percent), ErrorBoundPercent = Rounded(s.ErrorBoundPercent) })],
            Destinations = [.. seen.TopDestinations.Select(d => new TopTalker
            {
                Address = d.Address.ToString(), Port = d.Port == 0 ? null : d.Port, Protocol = d.Protocol, Percent = Rounded(d.Percent), ErrorBoundPercent = Rounded(d.ErrorBoundPercent),
            })],
            Ports = [.. seen.TopPorts.Select(p => new TopTalker { Port = p.Port, Protocol = p.Protocol, Percent = Rounded(p.Percent), ErrorBoundPercent = Rounded(p.ErrorBoundPercent) })],
            Advice = [.. NodeAdvice.Advise(seen, reading, _engine.Facts).Select(Advice)],
        };
    }

    public void Dispose() => _engine.Dispose();

    private static TopState State(StateShare s) => new()
    {
        Protocol = s.Protocol,
        State = s.State.Length == 0 ? null : s.State,
        Percent = Rounded(s.Percent),
        Entries = s.EstimatedEntries,
        UnrepliedPercent = Rounded(s.UnrepliedPercent),
        IdleP50 = Duration(s.IdleP50),
        IdleP90 = Duration(s.IdleP90),
        IdleP50AtMost = Duration(s.IdleP50AtMost),
        IdleP90AtMost = Duration(s.IdleP90AtMost),
        Timeout = Duration(s.Timeout),
    };

    private static TopAdvice Advice(AdviceItem item) => new()
    {
        Kind = item.Kind.ToString(),
        Severity = item.Severity.ToString(),
        Text = item.Text,
        Field = item.Field,
        Value = item.Value,
        EntriesFreed = item.EntriesFreed,
    };

    private static double? Rate(double? rate) => rate is { } known ? Math.Round(known, 1) : null;

    private static double Rounded(double percent) => Math.Round(percent, 2);

    private static string? Duration(TimeSpan? span) =>
        span is { } known ? known < TimeSpan.FromSeconds(1) ? "0s" : KubeDuration.Format((long)known.TotalSeconds) : null;
}

using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>What looks at a table of a million entries would have seen.</summary>
internal static class Looks
{
    internal const long Table = 1_000_000;

    /// <summary>A sample that saw these states, in percent.</summary>
    internal static Breakdown Sample(params (string State, double Percent)[] states) =>
        Of(ScanCycle.SampleSize, Table, [.. states.Select(s => (s.State, s.Percent, (double?)null))]);

    /// <summary>A sample of a table with so many entries.</summary>
    internal static Breakdown SampleOf(long entries, params (string State, double Percent)[] states) =>
        Of(ScanCycle.SampleSize, entries, [.. states.Select(s => (s.State, s.Percent, (double?)null))]);

    /// <summary>A full count, and what the sample that it began with saw.</summary>
    internal static Breakdown Count(params (string State, double Percent, double SamplePercent)[] states) =>
        Of(Table, Table, [.. states.Select(s => (s.State, s.Percent, (double?)s.SamplePercent))]);

    internal static TableLook Look(Breakdown breakdown, params PortUse[] ports) => new(breakdown, null, ports);

    internal static PortUse Ports(int host, long ports, long seen) =>
        new(FlowAddress.V4(0xC0000200u + (uint)host), FlowAddress.V4(0xC6336401), 443, 6)
        {
            Ports = ports,
            IsExact = false,
            Seen = seen,
            Moved = seen,
            Lowest = 1024,
            Highest = 65535,
        };

    private static Breakdown Of(long sampled, long entries, (string State, double Percent, double? SamplePercent)[] states) => new()
    {
        Source = FlowSource.Ctnetlink,
        At = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero),
        Elapsed = TimeSpan.FromSeconds(sampled * 2.4e-6),
        Sampled = sampled,
        TableEntries = entries,
        Complete = sampled == entries,
        ErrorBoundPercent = SamplingError.Points(0.5, sampled, entries),
        SampleErrorPercent = states.Max(s => s.SamplePercent is { } sample ? Math.Abs(sample - s.Percent) : (double?)null),
        AssuredPercent = 100,
        UnrepliedPercent = 0,
        States = [.. states.Select(s => new StateShare
        {
            Protocol = "tcp",
            State = s.State,
            Count = (long)(s.Percent / 100 * sampled),
            EstimatedEntries = (long)(s.Percent / 100 * entries),
            Percent = s.Percent,
            SamplePercent = s.SamplePercent,
            ErrorBoundPercent = SamplingError.Points(s.Percent / 100, sampled, entries),
            UnrepliedPercent = 0,
            AssuredPercent = 100,
            TimeoutKey = null,
            Timeout = null,
            IdleP50 = null,
            IdleP90 = null,
            Idle = new IdleHistogram { Counts = [], Known = 0 },
        })],
        TopSources = [],
        TopUnrepliedSources = [],
        TopDestinations = [],
        TopTcpDestinationsByState = [],
        TopPorts = [],
        Undecodable = 0,
    };
}

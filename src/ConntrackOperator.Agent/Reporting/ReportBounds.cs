using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Agent.Reporting;

/// <summary>
/// Cuts a report to the bounds of the schema. One field beyond them would have the API server refuse the whole report, again and
/// again: a kernel that says something odd must not silence its node. Pure.
/// </summary>
internal static class ReportBounds
{
    private const int Settings = 256;
    private const int Conditions = 16;
    private const int Flushes = 64;
    private const int States = 10;
    private const int Top = 5;
    private const int Name = 253;
    private const int LimitText = 20;
    private const int Cores = 1 << 20;
    private const int EntryBytes = 1 << 16;

    /// <summary>The report, within the bounds.</summary>
    public static NodeStatus Apply(NodeStatus status) => status with
    {
        ObservedGeneration = Count(status.ObservedGeneration),
        Conditions = List(status.Conditions, Conditions, c => c with
        {
            Reason = BoundedText.Of(c.Reason, Condition.MaximumReason),
            Message = BoundedText.Of(c.Message, Condition.MaximumMessage),
            ObservedGeneration = Count(c.ObservedGeneration),
        }),
        Table = status.Table is not { } table ? null : table with
        {
            Entries = Count(table.Entries),
            Limit = Count(table.Limit),
            Buckets = Count(table.Buckets),
            Percent = Percent(table.Percent),
            MemoryBytes = Count(table.MemoryBytes),
            LimitText = BoundedText.Of(table.LimitText, LimitText),
            Memory = Word(table.Memory),
            EntryBytes = table.EntryBytes is { } bytes ? Math.Clamp(bytes, 0, EntryBytes) : null,
            EntryBytesWhy = Word(table.EntryBytesWhy),
            HeadroomPercent = Percent(table.HeadroomPercent),
            HeadroomWhenFullPercent = Percent(table.HeadroomWhenFullPercent),
            FullIn = Word(table.FullIn),
            FullInSeconds = Count(table.FullInSeconds),
            FullInBasis = Word(table.FullInBasis),
        },
        Rates = status.Rates is not { } rates ? null : rates with
        {
            TableFullDropsPerMinute = Count(rates.TableFullDropsPerMinute),
            RacesLostPerMinute = Count(rates.RacesLostPerMinute),
            OtherDropsPerMinute = Count(rates.OtherDropsPerMinute),
            EarlyDropsPerMinute = Count(rates.EarlyDropsPerMinute),
            ChainTooLongPerMinute = Count(rates.ChainTooLongPerMinute),
            InvalidPerMinute = Count(rates.InvalidPerMinute),
            OverSeconds = rates.OverSeconds is { } seconds ? Math.Max(0, seconds) : null,
        },
        Settings = List(status.Settings, Settings, s => s with
        {
            Desired = Value(s.Desired),
            Actual = Value(s.Actual),
            Original = Value(s.Original),
            Policy = BoundedText.Of(s.Policy, Name),
            Message = BoundedText.Of(s.Message, StatusBounds.Message),
            Rewrites = Count(s.Rewrites),
        }),
        Composition = status.Composition is not { } composition ? null : composition with
        {
            Sampled = Count(composition.Sampled),
            Basis = composition.Basis is CompositionStatus.Exact or CompositionStatus.Estimated ? composition.Basis : null,
            ErrorBoundPercent = Points(composition.ErrorBoundPercent),
            SampleErrorPercent = Points(composition.SampleErrorPercent),
            UnrepliedPercent = Percent(composition.UnrepliedPercent),
            AssuredPercent = Percent(composition.AssuredPercent),
            TimeoutsWatchedFor = Word(composition.TimeoutsWatchedFor),
            States = List(composition.States, States, s => s with
            {
                Protocol = Word(s.Protocol),
                State = Word(s.State),
                Percent = Percent(s.Percent),
                Entries = Count(s.Entries),
                IdleP50 = Word(s.IdleP50),
                IdleP90 = Word(s.IdleP90),
                IdleP50AtMost = Word(s.IdleP50AtMost),
                IdleP90AtMost = Word(s.IdleP90AtMost),
            }),
        },
        Top = status.Top is not { } top ? null : top with
        {
            Sources = List(top.Sources, Top, s => s with { Address = Word(s.Address), Percent = Percent(s.Percent) }),
            Destinations = List(top.Destinations, Top, d => d with
            {
                Address = Word(d.Address),
                Port = d.Port is { } port ? Math.Clamp(port, 0, ushort.MaxValue) : null,
                Protocol = Word(d.Protocol),
                Percent = Percent(d.Percent),
            }),
        },
        Nat = List(status.Nat, Top, n => n with
        {
            Source = Word(n.Source),
            Destination = Word(n.Destination),
            Port = n.Port is { } port ? Math.Clamp(port, 0, ushort.MaxValue) : null,
            Protocol = Word(n.Protocol),
            Ports = Count(n.Ports),
            Percent = Percent(n.Percent),
            Range = Word(n.Range),
            RangeFrom = n.RangeFrom is "AllPorts" or "Rule" or "PortsSeen" or "LocalPortRange" ? n.RangeFrom : null,
        }),
        Advice = BoundedText.Of(status.Advice, StatusBounds.Message),
        AdviceReason = Word(status.AdviceReason),
        Findings = FindingCut.Apply(status.Findings),
        NotLooked = FindingCut.Apply(status.NotLooked),
        Flushes = List(status.Flushes, Flushes, f => f with
        {
            Matched = Count(f.Matched),
            Deleted = Count(f.Deleted),
            Error = BoundedText.Of(f.Error, StatusBounds.Message),
        }),
        Node = status.Node is not { } node ? null : node with
        {
            Kernel = Word(node.Kernel),
            BootId = Word(node.BootId),
            NetworkNamespace = Word(node.NetworkNamespace),
            NetworkNamespaceCookie = Word(node.NetworkNamespaceCookie),
            Cores = node.Cores is { } cores ? Math.Clamp(cores, 0, Cores) : null,
            MemoryBytes = Count(node.MemoryBytes),
            AgentVersion = Word(node.AgentVersion),
        },
    };

    private static long? Count(long? number) => number is { } given ? Math.Clamp(given, 0, StatusBounds.Count) : null;

    private static long? Value(long? number) => number is { } given ? Math.Clamp(given, -StatusBounds.Value, StatusBounds.Value) : null;

    private static int? Percent(int? number) => number is { } given ? Math.Clamp(given, 0, 100) : null;

    private static double? Points(double? number) => number is { } given && !double.IsNaN(given) ? Math.Clamp(given, 0, 100) : null;

    private static string? Word(string? text) => BoundedText.Of(text, StatusBounds.Word);

    private static List<T>? List<T>(List<T>? items, int most, Func<T, T> bounded) =>
        items is null ? null : [.. items.Take(most).Select(bounded)];
}

using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>What an agent has to say of its node, look after look. Not thread-safe.</summary>
/// <param name="procPath">Where procfs is mounted.</param>
/// <param name="sysPath">Where sysfs is mounted.</param>
/// <param name="time">The clock.</param>
internal sealed class NodeAdviser(string procPath, string sysPath, TimeProvider time)
{
    private readonly NamespaceWatch _namespaces = new(procPath, time);
    private (long Entries, long At)? _before;

    /// <summary>What the last look found.</summary>
    public IReadOnlyList<Finding> Findings { get; private set; } = [];

    /// <summary>What it could not look at; none where nothing was found.</summary>
    public IReadOnlyList<NotKnown> NotLooked { get; private set; } = [];

    /// <summary>Looks.</summary>
    /// <param name="input">What was seen of the table.</param>
    /// <param name="tight">Whether advice on it is likely: links are looked at only then.</param>
    public void Look(AdviceInput input, bool tight)
    {
        var now = input.Reading.Entries is { } entries ? (Entries: entries, At: time.GetTimestamp()) : ((long Entries, long At)?)null;
        var between = now is { } a && _before is { } b ? time.GetElapsedTime(b.At, a.At) : TimeSpan.Zero;
        var report = NodeAdvice.Advise(input with
        {
            GrowthPerSecond = between > TimeSpan.Zero ? (now!.Value.Entries - _before!.Value.Entries) / between.TotalSeconds : null,
            Links = tight ? LocalLinks.Read(sysPath) : null,
            Namespaces = _namespaces.Read(input.Reading.Limit),
            NamespacesLooked = _namespaces.SeesMachine,
        });
        _before = now;
        Findings = report.Findings;
        NotLooked = report.NotKnown;
    }
}

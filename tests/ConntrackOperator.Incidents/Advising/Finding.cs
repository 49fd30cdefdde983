namespace ConntrackOperator.Incidents.Advising;

/// <summary>One cause that was found.</summary>
internal sealed record Finding
{
    public string Cause { get; init; } = "";

    public string Severity { get; init; } = "";

    public string Text { get; init; } = "";

    public IReadOnlyList<string> Seen { get; init; } = [];

    public string? Because { get; init; }

    public IReadOnlyList<Culprit> Who { get; init; } = [];

    public IReadOnlyList<Step> Now { get; init; } = [];

    public IReadOnlyList<Step> ForGood { get; init; } = [];

    public bool Sufficient { get; init; }

    public string? Elsewhere { get; init; }

    /// <summary>Whether an address, "address:port" or a port is among those named.</summary>
    internal bool Names(string culprit) => Who.Any(who => who.Is(culprit));
}

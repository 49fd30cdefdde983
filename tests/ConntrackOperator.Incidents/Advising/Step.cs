namespace ConntrackOperator.Incidents.Advising;

/// <summary>One step of what to do.</summary>
internal sealed record Step(string? What, string? Run, string? Yaml);

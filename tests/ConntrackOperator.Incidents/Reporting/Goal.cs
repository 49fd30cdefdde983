namespace ConntrackOperator.Incidents.Reporting;

/// <summary>One goal, and whether it is met; not asserted: said only.</summary>
internal sealed record Goal(string Text, bool Met, bool Asserted = true)
{
    public override string ToString() => $"{(Met ? "ok  " : Asserted ? "FAIL" : "no  ")} {Text}";
}

namespace ConntrackOperator.Incidents.Running;

/// <summary>New connections and queries begun in a time, those of them that were lost, and established connections that broke.</summary>
internal sealed record LossCount(long Begun, long Lost, long Broken, string Kinds)
{
    public override string ToString() => Kinds.Length == 0 ? $"0 of {Begun}" : $"{Lost} of {Begun} ({Kinds})";
}

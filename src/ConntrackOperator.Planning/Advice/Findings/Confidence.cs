namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>How sure a finding is.</summary>
public enum Confidence
{
    /// <summary>Another cause looks the same from here; the finding says what would tell.</summary>
    Suspected,

    /// <summary>The rivals are ruled out by numbers, not by proof.</summary>
    Likely,

    /// <summary>The kernel says so.</summary>
    Certain,
}

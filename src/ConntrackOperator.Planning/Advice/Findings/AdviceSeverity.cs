namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>How pressing a finding is.</summary>
public enum AdviceSeverity
{
    /// <summary>It would make room, or nobody is hurt.</summary>
    Hint,

    /// <summary>The table is filling up, or something is lost that is no matter of room.</summary>
    Warning,

    /// <summary>Connections are being lost, or will be any minute.</summary>
    Critical,
}

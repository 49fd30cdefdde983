namespace ConntrackOperator.Planning.Advice;

/// <summary>How pressing a piece of advice is.</summary>
public enum AdviceSeverity
{
    /// <summary>It would make room.</summary>
    Hint,

    /// <summary>The table is filling up, or something behaves badly.</summary>
    Warning,

    /// <summary>Packets are being lost.</summary>
    Critical,
}

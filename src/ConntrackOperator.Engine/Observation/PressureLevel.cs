namespace ConntrackOperator.Engine.Observation;

/// <summary>How near the table is to being full.</summary>
public enum PressureLevel
{
    /// <summary>Below the warning.</summary>
    Normal,

    /// <summary>From the warning on.</summary>
    Warning,

    /// <summary>From the critical level on, or packets are dropped because the table was full.</summary>
    Critical,
}

namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// The reasons of a ConntrackNode's conditions. Beside them stand the names of <see cref="SettingState"/>, which Applied takes over.
/// </summary>
public static class ConditionReasons
{
    /// <summary>Applied: no plan has reached the node.</summary>
    public const string NoPlan = "NoPlan";

    /// <summary>Applied: the kernel module nf_conntrack is not loaded, so there is nothing to set.</summary>
    public const string ModuleNotLoaded = "ModuleNotLoaded";

    /// <summary>Applied: a value of before is still to be put back.</summary>
    public const string Restoring = "Restoring";

    /// <summary>Applied: no policy sets anything here.</summary>
    public const string NothingPlanned = "NothingPlanned";

    /// <summary>Applied: the policies only observe.</summary>
    public const string Observed = "Observed";

    /// <summary>Applied: the kernel holds what is planned.</summary>
    public const string InSync = "InSync";

    /// <summary>Drifted: something else overwrites a setting again and again.</summary>
    public const string Contested = "Contested";

    /// <summary>Drifted: nothing else has overwritten a setting.</summary>
    public const string NoDrift = "NoDrift";

    /// <summary>Drifted: something else overwrote a setting, and it was put back.</summary>
    public const string Corrected = "Corrected";

    /// <summary>Pressure: the table has room.</summary>
    public const string Normal = "Normal";

    /// <summary>Pressure: usage is over warningPercent.</summary>
    public const string Warning = "Warning";

    /// <summary>Pressure: usage is over criticalPercent, or packets are dropped.</summary>
    public const string Critical = "Critical";
}

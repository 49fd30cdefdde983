namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>What is known of the kernel's module nf_conntrack.</summary>
internal enum ModulePresence
{
    /// <summary>Nothing: no agent has reported from there.</summary>
    Unknown,

    /// <summary>There is a table.</summary>
    Loaded,

    /// <summary>There is none.</summary>
    Missing,
}

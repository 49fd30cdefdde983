using ConntrackOperator.Netfilter.Deleting;

namespace ConntrackOperator.Engine.State;

/// <summary>The file of what the kernel filters by.</summary>
internal sealed record FilterFileContent
{
    /// <summary>What this version writes and believes; of any other nothing is believed.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; }

    /// <summary>Worth something only for this boot.</summary>
    public string? BootId { get; init; }

    /// <summary>And only for this network namespace.</summary>
    public string? NetworkNamespace { get; init; }

    public KernelFilters Asked { get; init; }

    public KernelFilters Present { get; init; }
}

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What is known of a kernel's filters.</summary>
/// <param name="Asked">Those that it gave a clear answer for.</param>
/// <param name="Present">Those of them that it has.</param>
public readonly record struct FilterAnswers(KernelFilters Asked, KernelFilters Present);

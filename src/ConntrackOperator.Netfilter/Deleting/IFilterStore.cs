namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>Keeps what is known of the kernel's filters, for one boot and network namespace, beyond the process that asked.</summary>
public interface IFilterStore
{
    /// <summary>What was kept; nothing when it can't be read or is of another boot or namespace. Never throws for that.</summary>
    FilterAnswers Load();

    /// <summary>Keeps it. A place that can't be written is no failure: the kernel is asked again then.</summary>
    void Keep(FilterAnswers answers);
}

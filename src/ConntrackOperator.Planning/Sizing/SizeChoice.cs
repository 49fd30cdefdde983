using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Sizing;

/// <summary>A policy's table.size for one node: equal to another when both give the node the same number of entries.</summary>
/// <param name="Spec">What the policy says.</param>
/// <param name="Resolved">What that is on this node; null when the node's facts are not known.</param>
internal readonly record struct SizeChoice(TableSizeSpec Spec, TableSize? Resolved)
{
    public bool Equals(SizeChoice other) => Resolved is { } mine && other.Resolved is { } theirs
        ? mine.Entries == theirs.Entries
        : Spec == other.Spec;

    public override int GetHashCode() => 0; // Never a key; equal choices of different specs must not differ here.

    public override string ToString()
    {
        if (Spec.Auto is not { } auto)
        {
            return $"{Spec.Entries}";
        }

        (string Name, long? Value)[] parts =
        [
            ("memoryPercent", auto.MemoryPercent),
            ("entriesPerCore", auto.EntriesPerCore),
            ("minEntries", auto.MinEntries),
            ("maxEntries", auto.MaxEntries),
        ];
        var set = parts.Where(part => part.Value is not null)
            .Select(part => $"{part.Name}: {part.Value}");
        return $"auto {{{string.Join(", ", set)}}}";
    }
}

namespace ConntrackOperator.Engine.Translation;

/// <summary>The ports that connections can have.</summary>
/// <param name="Lowest">The first.</param>
/// <param name="Highest">The last.</param>
/// <param name="From">How it is known.</param>
public readonly record struct PortRange(int Lowest, int Highest, PortRangeSource From)
{
    /// <summary>How many they are.</summary>
    public int Count => Highest - Lowest + 1;

    /// <inheritdoc/>
    public override string ToString() => $"{Lowest}-{Highest}";
}

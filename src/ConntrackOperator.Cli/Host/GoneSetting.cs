namespace ConntrackOperator.Cli.Host;

/// <summary>A key that left the plan.</summary>
/// <param name="Name">The key.</param>
/// <param name="Now">What it holds now; null: it can't be read.</param>
/// <param name="Original">What it held before the first write.</param>
/// <param name="IsKept">
/// Whether it is left as it is, by <c>onDelete: Keep</c> or since no policy set it; else its original was put back.
/// </param>
/// <param name="IsByHand">Whether a person set it, and no policy: its original is still known.</param>
internal sealed record GoneSetting(string Name, long? Now, long Original, bool IsKept, bool IsByHand);

using System.Text.Json.Serialization;

namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>A number that is known within bounds, both 0 or more.</summary>
/// <param name="Least">It is no smaller.</param>
/// <param name="Most">It is no greater.</param>
public readonly record struct Bounds(long Least, long Most)
{
    /// <summary>Halfway between.</summary>
    [JsonIgnore]
    public long Middle => Least + ((Most - Least) / 2);

    /// <summary>The bounds of a sum.</summary>
    public static Bounds operator +(Bounds left, Bounds right) => new(left.Least + right.Least, left.Most + right.Most);

    /// <summary>The bounds of a sum.</summary>
    public static Bounds Add(Bounds left, Bounds right) => left + right;

    /// <summary>Such as 17,600 or 17,000 to 18,200.</summary>
    public override string ToString() => Least == Most
        ? Least.ToString("N0")
        : $"{Least:N0} to {Most:N0}";
}

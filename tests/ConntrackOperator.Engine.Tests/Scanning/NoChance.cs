namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>Takes the jitter out of what is tested.</summary>
internal sealed class NoChance : Random
{
    public override double NextDouble() => 0;
}

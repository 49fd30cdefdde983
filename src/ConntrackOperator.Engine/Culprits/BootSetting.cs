namespace ConntrackOperator.Engine.Culprits;

/// <summary>Something of the machine that sets a sysctl at boot, or when a service starts.</summary>
/// <param name="Who">The file, and for whom.</param>
/// <param name="Value">What it sets.</param>
/// <param name="Remedy">What to change there.</param>
public sealed record BootSetting(string Who, long Value, string Remedy);

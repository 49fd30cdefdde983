namespace ConntrackOperator.Engine.Culprits;

/// <summary>A sysctl that tuned sets.</summary>
/// <param name="Source">Where the profile is that gave the value: a file, or what else was named as its place.</param>
/// <param name="Key">The key as a path under /proc/sys.</param>
/// <param name="Value">What is written there. '>' and '&lt;' before it, with which tuned only raises or only lowers, are left out.</param>
public sealed record TunedSetting(string Source, string Key, string Value);

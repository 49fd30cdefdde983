namespace ConntrackOperator.Benchmarks.Table;

/// <summary>What something took.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="CpuSeconds">User and system time of all threads.</param>
internal readonly record struct Taken(double Seconds, double CpuSeconds);

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>How a process says that its flush ended.</summary>
internal sealed record FlushEnd(long Matched, long Deleted, string? Error, DateTimeOffset? FinishedAt);

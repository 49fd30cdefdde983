using System.Text.Json.Serialization;

namespace ConntrackOperator.Cli.Host;

/// <summary>What <c>host flush</c> did.</summary>
internal sealed record FlushReport
{
    /// <summary>Entries that were looked at one by one: fewer than the table has where the kernel decides a part of the match.</summary>
    public required long Examined { get; init; }

    /// <summary>Entries in the table when it began.</summary>
    public required long TableEntries { get; init; }

    public required long Matched { get; init; }

    /// <summary>Entries that would match too, had the time-outs that were seen first held before: see --timeouts-held.</summary>
    public long? MatchingIfHeld { get; init; }

    public required long Deleted { get; init; }

    /// <summary>Entries that had gone by themselves in between, or whose tuple the kernel found with another entry.</summary>
    public required long Gone { get; init; }

    /// <summary>Entries that were asked for again first and no longer matched: they stay.</summary>
    public required long Kept { get; init; }

    /// <summary>How often an entry was asked for again, since it had been read too long ago.</summary>
    public required long AskedAgain { get; init; }

    /// <summary>Entries that can't be deleted, since a flow table forwards them.</summary>
    public required long Offloaded { get; init; }

    /// <summary>Whether the kernel deleted by a filter, without an entry being read for it.</summary>
    public required bool ByKernel { get; init; }

    /// <summary>Whether Matched and Deleted are what the kernel's own count of the table fell by.</summary>
    public required bool Approximate { get; init; }

    public required long Failed { get; init; }

    public string? Error { get; init; }

    public required bool DryRun { get; init; }

    /// <summary>Whether the whole table was looked at.</summary>
    public required bool Complete { get; init; }

    /// <summary>Why the kernel would not go on; left out when it did. What was deleted until then is in Deleted.</summary>
    public string? Stopped { get; init; }

    public required double Seconds { get; init; }

    /// <summary>From the kernel's reading of an entry to its deletion, milliseconds; left out when nothing was to be deleted.</summary>
    public required double? DelayP99Milliseconds { get; init; }

    public required double? DelayLongestMilliseconds { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FlushReport))]
internal sealed partial class FlushReportJson : JsonSerializerContext;

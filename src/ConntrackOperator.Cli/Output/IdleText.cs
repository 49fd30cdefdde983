using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Output;

/// <summary>An idle time that is known within bounds, for people: <c>2h</c>, <c>&gt;=2h</c>, <c>&lt;=30s</c>, or <c>-</c>.</summary>
internal static class IdleText
{
    // Seconds left are whole, and percentiles come from bins.
    private const double Near = 0.02;

    public static string Of(TimeSpan? least, TimeSpan? most)
    {
        var atLeast = least ?? TimeSpan.Zero;
        if (most is not { } atMost)
        {
            return atLeast < TimeSpan.FromSeconds(1) ? "-" : ">=" + Duration(atLeast);
        }

        return atMost - atLeast <= TimeSpan.FromSeconds(2) || atMost - atLeast <= atMost * Near ? Duration(atLeast)
            : atLeast < TimeSpan.FromSeconds(1) ? "<=" + Duration(atMost)
            : ">=" + Duration(atLeast);
    }

    /// <summary>The same from durations as they stand in a status or a report.</summary>
    public static string Of(string? least, string? most) => Of(Parse(least), Parse(most));

    public static string Duration(TimeSpan span) => span < TimeSpan.FromSeconds(1) ? "0s" : KubeDuration.Format((long)span.TotalSeconds);

    private static TimeSpan? Parse(string? text) =>
        text is null
            ? null
            : text == "0s" ? TimeSpan.Zero : KubeDuration.TryParse(text, out var seconds, out _) ? TimeSpan.FromSeconds(seconds) : null;
}

using System.Text.RegularExpressions;

namespace ConntrackOperator.Incidents.Pages;

/// <summary>
/// The policy that the comment of a sample ConntrackFlush names, then the same flush of one host, and that again when the comment says so.
/// Pure.
/// </summary>
internal static partial class SampleCommands
{
    /// <exception cref="InvalidOperationException">The sample has changed so that this no longer says the same.</exception>
    internal static IReadOnlyList<string> Of(string sample)
    {
        var protocol = One(Protocol(), sample).ToLowerInvariant();
        var states = One(States(), sample).Split(',', StringSplitOptions.TrimEntries);
        var flush = $"kubectl conntrack host flush --protocol {protocol} {string.Join(' ', states.Select(s => $"--state {s}"))} --idle-for "
            + $"{One(IdleFor(), sample)} --yes";
        return
        [
            $"""
            kubectl conntrack host apply -f - <<'POLICY'
            apiVersion: conntrack.dev/v1alpha1
            kind: ConntrackPolicy
            metadata: {"{name: shorter}"}
            spec: {"{timeouts: {tcp: {timeWait: " + One(TimeWait(), sample) + "}}}"}
            POLICY
            """,
            flush,
            $"sleep {One(Again(), sample)} && {flush}",
        ];
    }

    private static string One(Regex field, string sample) =>
        field.Match(sample) is { Success: true } match
            ? match.Groups[1].Value : throw new InvalidOperationException($"the sample has no {field}");

    [GeneratedRegex(@"^\s+protocol: (\w+)", RegexOptions.Multiline)]
    private static partial Regex Protocol();

    [GeneratedRegex(@"^\s+states: \[(.*)\]", RegexOptions.Multiline)]
    private static partial Regex States();

    [GeneratedRegex(@"^#.*timeWait: (\w+)", RegexOptions.Multiline)]
    private static partial Regex TimeWait();

    [GeneratedRegex(@"^#.* again (\d+) seconds later", RegexOptions.Multiline)]
    private static partial Regex Again();

    [GeneratedRegex(@"^\s+idleFor: (\w+)", RegexOptions.Multiline)]
    private static partial Regex IdleFor();
}

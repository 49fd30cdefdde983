using System.Text.RegularExpressions;

namespace ConntrackOperator.Incidents.Pages;

/// <summary>The policy that the comment of a sample ConntrackFlush names, and then the same flush of one host. Pure.</summary>
internal static partial class SampleCommands
{
    /// <exception cref="InvalidOperationException">The sample has changed so that this no longer says the same.</exception>
    internal static IReadOnlyList<string> Of(string sample)
    {
        var protocol = One(Protocol(), sample).ToLowerInvariant();
        var states = One(States(), sample).Split(',', StringSplitOptions.TrimEntries);
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
            $"kubectl conntrack host flush --protocol {protocol} {string.Join(' ', states.Select(s => $"--state {s}"))} --idle-for "
                + $"{One(IdleFor(), sample)} --yes",
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

    [GeneratedRegex(@"^\s+idleFor: (\w+)", RegexOptions.Multiline)]
    private static partial Regex IdleFor();
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Incidents.Advising;

/// <summary>What <c>host advise -o json</c> prints, as far as it is judged here.</summary>
internal sealed record Advice
{
    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.Web);

    [JsonRequired]
    public string Pressure { get; init; } = "";

    [JsonRequired]
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    public IReadOnlyList<OtherNamespace> Namespaces { get; init; } = [];

    /// <summary>
    /// Without what is said of network namespaces that are none of this run's: others on the machine have theirs, for which the
    /// lowered limit holds too, so that it may well be true. The same goes for hash chains that another's entries make too long: the
    /// buckets are lowered with the limit, and shared.
    /// </summary>
    internal Advice Of(string ours) => this with
    {
        Findings = [
            .. Findings.Where(
                f => f.Cause switch
                {
                    "OtherNamespaceFull" => f.Who.Any(w => IsNamespaceOf(ours, w)),
                    "ChainsTooLong" => !f.Who.Any(w => w is { Role: "Namespace", Entries: > MakesChainsLong } && !IsNamespaceOf(ours, w)),
                    _ => true,
                })],
    };

    // Each entry is in two chains, so in an incident's 20,000 buckets they are 50 long, where the kernel begins to refuse, from about half
    // a million on; ours have some ten thousand.
    private const long MakesChainsLong = 500_000;

    private static bool IsNamespaceOf(string ours, Culprit who) =>
        who.Role == "Namespace" && who.Name?.Contains(ours, StringComparison.Ordinal) == true;

    internal static Advice Parse(string json) => JsonSerializer.Deserialize<Advice>(json, _options)!;
}

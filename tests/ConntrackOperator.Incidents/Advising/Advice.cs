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
    /// lowered limit holds too, so that it may well be true.
    /// </summary>
    internal Advice Of(string ours) => this with
    {
        Findings = [
            .. Findings.Where(
                f => f.Cause != "OtherNamespaceFull"
                    || f.Who.Any(w => w.Role == "Namespace" && w.Name?.Contains(ours, StringComparison.Ordinal) == true))],
    };

    internal static Advice Parse(string json) => JsonSerializer.Deserialize<Advice>(json, _options)!;
}

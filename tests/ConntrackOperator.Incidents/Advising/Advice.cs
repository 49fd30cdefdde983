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

    internal static Advice Parse(string json) => JsonSerializer.Deserialize<Advice>(json, _options)!;
}

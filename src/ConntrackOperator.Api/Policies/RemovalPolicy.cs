using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>What becomes of a setting that no policy sets any more.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RemovalPolicy>))]
public enum RemovalPolicy
{
    /// <summary>What was there before the first write since boot is put back.</summary>
    Restore,

    /// <summary>The value stays.</summary>
    Keep,
}

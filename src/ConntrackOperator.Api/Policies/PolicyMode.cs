using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>Whether a policy's settings are written.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PolicyMode>))]
public enum PolicyMode
{
    /// <summary>The node's kernel is set and kept so.</summary>
    Enforce,

    /// <summary>The difference is reported; nothing is written.</summary>
    Observe,
}

using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Engine.State;

/// <summary>What a key held before the first write since boot.</summary>
internal sealed record OriginalValue
{
    [JsonRequired]
    public long Value { get; init; }

    /// <summary>Whether a kernel can have held a value: of the time-outs it takes negative ones too (proc_dointvec_jiffies).</summary>
    /// <param name="name">The key.</param>
    /// <param name="value">The value.</param>
    public static bool CanBe(string name, long value) => value >= 0 || name.Contains("_timeout", StringComparison.Ordinal);

    /// <summary>What shall become of the setting when it leaves the plan: as the last plan that held it said.</summary>
    public RemovalPolicy OnRemoval { get; init; }

    /// <summary>The policy of the last plan that held it, for messages.</summary>
    public string? Policy { get; init; }

    /// <summary>
    /// Whether a person set the key and no policy: no plan that leaves it out is a reason to put it back, nor to forget what it held.
    /// </summary>
    [JsonIgnore]
    public bool IsByHand => Policy is null && OnRemoval == RemovalPolicy.Keep;

    /// <summary>What a newer version wrote, for it to find again.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

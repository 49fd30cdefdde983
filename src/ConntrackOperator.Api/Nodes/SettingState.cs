using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Nodes;

/// <summary>How a setting stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SettingState>))]
public enum SettingState
{
    /// <summary>The kernel holds what is planned.</summary>
    InSync,

    /// <summary>Not tried yet: the kernel's module is not there, or the plan is new.</summary>
    Pending,

    /// <summary>Writing it now would hurt; retried.</summary>
    Held,

    /// <summary>Something else keeps overwriting it; put back slowly.</summary>
    Contested,

    /// <summary>The kernel lets nobody write it here.</summary>
    ReadOnly,

    /// <summary>This kernel does not have it.</summary>
    NotSupported,

    /// <summary>The kernel refused it.</summary>
    Failed,

    /// <summary>Only compared: the policy's mode is Observe.</summary>
    Observed,
}

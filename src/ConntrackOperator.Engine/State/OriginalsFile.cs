using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Engine.State;

/// <summary>The file of the originals: worth something only for the boot, and the network namespace, that it names.</summary>
internal sealed record OriginalsFile : StateOwner
{
    /// <summary>Raised when a file means something that an older version would get wrong; names alone may be added without.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Left out by the first versions: 1.</summary>
    public int? Format { get; init; }

    /// <summary>True where the file before this one was lost in this boot.</summary>
    public bool? Lost { get; init; }

    /// <summary>The file beside this one that could not be read in this boot: what keys held that it knew of is not known.</summary>
    public string? Unreadable { get; init; }

    /// <summary>By the key's name. Names that are no key of connection tracking are a newer version's: kept as they are.</summary>
    public Dictionary<string, JsonElement>? Originals { get; init; }

    /// <summary>What a newer version wrote, for it to find again.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

using System.Text.Json;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// Reads a file of originals, whole or not at all: a file from which one original can't be told tells nothing of the others'
/// completeness either.
/// </summary>
internal static class OriginalsReader
{
    /// <summary>Reads it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">Why it can't be read, for people; null when it can, or is not there.</param>
    /// <param name="isNewer">Whether a newer version wrote it, in a format that this one does not know: it is to be left alone.</param>
    /// <returns>Null when it is not there, or can't be read.</returns>
    /// <exception cref="IOException">The disk does not give it out.</exception>
    public static ReadOriginals? Read(string path, out string? problem, out bool isNewer)
    {
        problem = null;
        isNewer = false;
        if (AtomicFile.ReadBytes(path) is not { } bytes)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("format", out var format)
                && format.ValueKind == JsonValueKind.Number
                && !(format.TryGetInt32(out var number) && number <= OriginalsFile.CurrentFormat))
            {
                isNewer = true;
                problem =
                    $"{path} was written by a newer version: its format is {format.GetRawText()}, and this version knows "
                        + $"{OriginalsFile.CurrentFormat}";
                return null;
            }

            return Decode(document.RootElement.Deserialize(EngineJson.Default.OriginalsFile));
        }
        catch (JsonException e)
        {
            problem = $"{path} can't be read, so what was there before is not known ({e.Message})";
            return null;
        }
    }

    private static ReadOriginals Decode(OriginalsFile? file)
    {
        if (file is not { BootId.Length: > 0, Originals: { } elements })
        {
            throw new JsonException("it names no boot or has no originals");
        }

        var originals = new Dictionary<string, OriginalValue>(StringComparer.Ordinal);
        var foreign = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, element) in elements)
        {
            if (!SysctlNames.IsTrackingKey(name))
            {
                foreign.Add(name, element.Clone());
            }
            else if (element.Deserialize(EngineJson.Default.OriginalValue) is { } original
                && OriginalValue.CanBe(name, original.Value))
            {
                originals.Add(name, original);
            }
            else
            {
                throw new JsonException($"{name} has no value that it can have held");
            }
        }

        return new ReadOriginals(file, originals, foreign);
    }
}

/// <summary>What a file of originals told.</summary>
/// <param name="File">The file.</param>
/// <param name="Originals">The originals by key.</param>
/// <param name="Foreign">What stands there under names that are no keys of connection tracking.</param>
internal sealed record ReadOriginals(
    OriginalsFile File, Dictionary<string, OriginalValue> Originals, Dictionary<string, JsonElement> Foreign);

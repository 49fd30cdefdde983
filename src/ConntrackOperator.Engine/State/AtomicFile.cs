using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ConntrackOperator.Engine.State;

/// <summary>JSON files that are whole at every instant: written aside, flushed to the disk, then renamed over the old one.</summary>
internal static class AtomicFile
{
    /// <summary>Writes the value; when this returns it survives a power cut. Throws <see cref="IOException"/> and leaves the old file as it was.</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> json)
    {
        var aside = path + ".new";
        using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1))
        {
            JsonSerializer.Serialize(stream, value, json);
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
    }

    /// <summary>Reads the value. A file that is not there gives null; one that is not valid JSON is set aside as *.corrupt and gives null too.</summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> json, out string? problem)
        where T : class
    {
        problem = null;
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, json);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            problem = $"{path} is not valid ({e.Message}); set aside as {path}.corrupt";
            File.Move(path, path + ".corrupt", overwrite: true);
            return null;
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// JSON files that are whole at every instant: written aside, flushed to the disk, then renamed over the old one. After a
/// power cut there is the old file or the new one, never half of one. Every failure is an <see cref="IOException"/>.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Writes the value; leaves the old file as it was when that fails.</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> json) => AsIOException(() =>
    {
        var aside = path + ".new";
        using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 4096))
        {
            JsonSerializer.Serialize(stream, value, json);
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
        return true;
    });

    /// <summary>Deletes the file, if it is there.</summary>
    public static void Delete(string path) => AsIOException(() =>
    {
        File.Delete(path);
        return true;
    });

    /// <summary>Reads the value. A file that is not there gives null; one that is not valid gives null and a problem, and is set aside as *.corrupt if asked for.</summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> json, bool setAside, out string? problem)
        where T : class
    {
        string? found = null;
        var value = AsIOException(() =>
        {
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
                found = $"{path} is not valid ({e.Message})";
                if (setAside)
                {
                    File.Move(path, path + ".corrupt", overwrite: true);
                    found += $"; set aside as {path}.corrupt";
                }

                return null;
            }
        });
        problem = found;
        return value;
    }

    // .NET gives EACCES and EPERM a type of their own; to whoever keeps a state they are one more way of not being able to.
    private static T AsIOException<T>(Func<T> function)
    {
        try
        {
            return function();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// JSON files that are whole at every instant: written aside, flushed to the disk, then renamed over the old one, and the name flushed
/// too. After a power cut there is what was written last, or where it came in between the old file or the new one. Every failure is an
/// <see cref="IOException"/>.
/// </summary>
internal static class AtomicFile
{
    private const int MostCopies = 9;

    /// <summary>Writes the value; leaves the old file as it was when that fails.</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> json) => AsIOException(() =>
    {
        Replace(path, stream => JsonSerializer.Serialize(stream, value, json));
        return true;
    });

    /// <summary>
    /// Keeps a copy of a file that can't be read as *.corrupt, or *.corrupt.2 and so on when another one is there already.
    /// </summary>
    /// <returns>The copy's path.</returns>
    public static string KeepCopy(string path) => AsIOException(() =>
    {
        var content = File.ReadAllBytes(path);
        for (var number = 1; ; number++)
        {
            var copy = path + (number == 1 ? ".corrupt" : $".corrupt.{number}");
            var there = ReadBytes(copy);
            if (there is null || number == MostCopies)
            {
                Replace(copy, stream => stream.Write(content));
                return copy;
            }

            if (content.AsSpan().SequenceEqual(there))
            {
                return copy;
            }
        }
    });

    /// <summary>What the file holds; null when it is not there.</summary>
    public static byte[]? ReadBytes(string path) => AsIOException(() =>
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    });

    /// <summary>Deletes the file, if it is there.</summary>
    public static void Delete(string path) => AsIOException(() =>
    {
        File.Delete(path);
        return true;
    });

    /// <summary>
    /// Reads the value. A file that is not there gives null; one that is not valid gives null and a problem, and is set aside as *.corrupt
    /// if asked for.
    /// </summary>
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

    private static void Replace(string path, Action<FileStream> write)
    {
        var aside = path + ".new";
        try
        {
            using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 4096))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, path, overwrite: true);
            DirectoryFlush.ToDisk(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (IOException)
        {
            // On a full disk half a file would only take what little room comes free.
            File.Delete(aside);
            throw;
        }
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

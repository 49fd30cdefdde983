using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// Files of the host below the place where its root file system is seen. In a container that is what somebody mounted there: what
/// can't be read is not there.
/// </summary>
/// <param name="root">Where the host's / is seen.</param>
internal sealed class HostFiles(string root)
{
    private const int MostLinks = 8;
    private const long MostBytes = 1 << 20;

    /// <summary>The file's lines.</summary>
    /// <param name="path">The path on the host, without a leading slash.</param>
    /// <returns>Null when it can't be read, or is no file of settings by its size.</returns>
    public string[]? Lines(string path)
    {
        try
        {
            return Resolve(path) is { } file && !RegularFile.IsSomethingElse(file)
                && new FileInfo(file) is { Exists: true, Length: <= MostBytes }
                ? File.ReadAllLines(file) : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }

    /// <summary>The names in a directory that end so, links and masks (links to /dev/null) among them.</summary>
    /// <param name="directory">The path on the host, without a leading slash.</param>
    /// <param name="suffix">The end of the name.</param>
    public IEnumerable<string> Names(string directory, string suffix)
    {
        try
        {
            return Resolve(directory) is { } path
                ? [.. Directory.EnumerateFileSystemEntries(path).Select(e => Path.GetFileName(e))
                    .Where(n => n.EndsWith(suffix, StringComparison.Ordinal))]
                : [];
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return [];
        }
    }

    /// <summary>
    /// The files of several directories in the order of their names, each name from the first directory that has it, and none that begins
    /// with a dot.
    /// </summary>
    /// <param name="directories">The paths on the host, without a leading slash.</param>
    /// <param name="suffix">The end of the name.</param>
    /// <returns>The paths on the host, without a leading slash.</returns>
    public IEnumerable<string> Merged(IEnumerable<string> directories, string suffix)
    {
        var byName = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var directory in directories)
        {
            foreach (var file in Names(directory, suffix).Where(n => n[0] != '.'))
            {
                byName.TryAdd(file, directory + "/" + file);
            }
        }

        return byName.Values;
    }

    /// <summary>Whether there is such a directory.</summary>
    /// <param name="path">The path on the host, without a leading slash.</param>
    public bool IsDirectory(string path) => Resolve(path) is { } directory && Directory.Exists(directory);

    // A link to /etc/x means the host's /etc/x, not this container's.
    private string? Resolve(string path)
    {
        var file = Path.Combine(root, path);
        for (var i = 0; i < MostLinks; i++)
        {
            if (new FileInfo(file).LinkTarget is not { } target)
            {
                return file;
            }

            file = target == "/dev/null"
                ? target
                : Path.IsPathRooted(target)
                ? Path.Combine(root, target.TrimStart('/')) : Path.Combine(Path.GetDirectoryName(file)!, target);
            if (file == "/dev/null")
            {
                return null;
            }
        }

        return null;
    }
}

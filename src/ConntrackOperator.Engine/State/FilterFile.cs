using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// The state directory's filters.json: what this kernel was found to filter by, for one boot and network namespace, the last one that
/// asked. Whatever is wrong with it, nothing is known, and the kernel is asked again.
/// </summary>
public sealed class FilterFile : IFilterStore
{
    private readonly string _directory;
    private readonly TableIdentity _table;

    internal FilterFile(string directory, TableIdentity table)
    {
        _directory = directory;
        _table = table;
    }

    private string Path => System.IO.Path.Combine(_directory, "filters.json");

    /// <summary>What is known of the kernel's filters, kept in the state directory where boot and namespace can be told.</summary>
    /// <param name="statePath">The state directory.</param>
    /// <param name="facts">The machine, and the network namespace.</param>
    public static FilterSupport Support(string statePath, HostFacts facts)
    {
        ArgumentNullException.ThrowIfNull(statePath);
        ArgumentNullException.ThrowIfNull(facts);
        return new FilterSupport(TableIdentity.Of(facts) is { } table ? new FilterFile(statePath, table) : null);
    }

    /// <inheritdoc />
    public FilterAnswers Load()
    {
        try
        {
            return AtomicFile.Read(Path, EngineJson.Default.FilterFileContent, setAside: false, out _)
                is { Version: FilterFileContent.CurrentVersion } file
                && file.BootId == _table.BootId && file.NetworkNamespace == _table.NetworkNamespace
                ? new FilterAnswers(file.Asked, file.Present & file.Asked)
                : default;
        }
        catch (IOException)
        {
            return default;
        }
    }

    /// <inheritdoc />
    public void Keep(FilterAnswers answers)
    {
        try
        {
            Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            AtomicFile.Write(
                Path,
                new FilterFileContent
                {
                    Version = FilterFileContent.CurrentVersion,
                    BootId = _table.BootId,
                    NetworkNamespace = _table.NetworkNamespace,
                    Asked = answers.Asked,
                    Present = answers.Present,
                },
                EngineJson.Default.FilterFileContent);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            // Not ours to write, or no room: the next one asks again.
        }
    }
}

using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>
/// Reads files of flushes as <c>kubectl apply</c> and the API server would, without either: YAML or JSON, several documents, lists.
/// </summary>
public static class FlushFile
{
    private static readonly ResourceKind<ConntrackFlush> _kind = new(
        ConntrackFlush.KindName, "flush", ApiJson.Default.ConntrackFlush, FlushValidator.Validate,
        (flush, metadata) => flush with { Metadata = metadata })
    {
        Others = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ConntrackPolicy.KindName] = "use kubectl apply or kubectl conntrack plan",
        },
    };

    /// <summary>Reads a file, or the standard input.</summary>
    /// <param name="path">The file; - for the standard input.</param>
    /// <param name="input">The standard input.</param>
    /// <returns>The flushes, and all that is wrong; a file that can't be read is an error, too.</returns>
    public static FlushFileResult Read(string path, TextReader input) => Result(ResourceFile.Read(path, input, _kind));

    /// <summary>Reads flushes from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <returns>The flushes, and all that is wrong.</returns>
    /// <exception cref="IOException">The text can't be read.</exception>
    public static FlushFileResult Read(TextReader reader, string name) => Result(ResourceFile.Read(reader, name, _kind));

    private static FlushFileResult Result(ResourceFileResult<ConntrackFlush> result) => new(result.Objects, result.Errors);
}

using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>
/// Reads files of policies as <c>kubectl apply</c> and the API server would, without either: YAML or JSON, several documents, lists.
/// </summary>
public static class PolicyFile
{
    /// <summary>The name that stands for the standard input.</summary>
    public const string StandardInput = ResourceFile.StandardInput;

    private static readonly ResourceKind<ConntrackPolicy> _kind = new(
        ConntrackPolicy.KindName, "policy", ApiJson.Default.ConntrackPolicy, PolicyValidator.Validate,
        (policy, metadata) => policy with { Metadata = metadata })
    {
        Others = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ConntrackFlush.KindName] = "use kubectl apply or kubectl conntrack flush",
        },
    };

    /// <summary>Reads a file, or the standard input.</summary>
    /// <param name="path">The file; - for the standard input.</param>
    /// <param name="input">The standard input.</param>
    /// <returns>The policies, and all that is wrong; a file that can't be read is an error, too.</returns>
    public static PolicyFileResult Read(string path, TextReader input) => Result(ResourceFile.Read(path, input, _kind));

    /// <summary>Reads policies from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <returns>The policies, and all that is wrong.</returns>
    /// <exception cref="IOException">The text can't be read.</exception>
    public static PolicyFileResult Read(TextReader reader, string name) => Result(ResourceFile.Read(reader, name, _kind));

    /// <summary>Reads files that must all be right.</summary>
    /// <param name="paths">The files; - for the standard input.</param>
    /// <returns>Their policies.</returns>
    /// <exception cref="CliException">Something in them is wrong: every error is printed.</exception>
    internal static List<ConntrackPolicy> ReadAll(IReadOnlyList<string> paths)
    {
        var results = paths.Select(path => Read(path, Console.In)).ToList();
        var errors = results.SelectMany(result => result.Errors).Select(error => error.ToString()).ToList();
        var policies = results.SelectMany(result => result.Policies).ToList();

        // Within one file the reader says so, with the line.
        errors.AddRange(policies.GroupBy(p => p.Metadata?.Name, StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => $"metadata.name: Invalid value: \"{group.Key}\": more than one of the files has a policy of this name"));
        return errors.Count == 0
            ? policies
            : throw new CliException(ExitCode.BadInput, string.Join(Environment.NewLine + "error: ", errors));
    }

    private static PolicyFileResult Result(ResourceFileResult<ConntrackPolicy> result) => new(result.Objects, result.Errors);
}

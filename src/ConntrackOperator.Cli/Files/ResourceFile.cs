using System.Text.Json;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Netfilter;

namespace ConntrackOperator.Cli.Files;

/// <summary>
/// Reads files of objects of one kind as <c>kubectl apply</c> and the API server would, without either: YAML or JSON, several documents,
/// lists.
/// </summary>
internal static class ResourceFile
{
    /// <summary>The name that stands for the standard input.</summary>
    public const string StandardInput = "-";

    private const int MaximumLength = 16 * 1024 * 1024;

    /// <summary>Reads a file, or the standard input.</summary>
    /// <param name="path">The file; - for the standard input.</param>
    /// <param name="input">The standard input.</param>
    /// <param name="kind">What objects there may be.</param>
    /// <returns>The objects, and all that is wrong; a file that can't be read is an error, too.</returns>
    internal static ResourceFileResult<T> Read<T>(string path, TextReader input, ResourceKind<T> kind)
        where T : class, IKubernetesObject
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(input);
        if (path == StandardInput)
        {
            return Read(input, "<stdin>", kind);
        }

        try
        {
            if (Directory.Exists(path))
            {
                return Failed<T>(path, "is a directory, not a file");
            }

            using var reader = new StreamReader(path);
            return Read(reader, path, kind);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed<T>(path, "no such file");
        }
        catch (Exception error) when (error.IsIoFailure())
        {
            return Failed<T>(path, error.Message);
        }
    }

    /// <summary>Reads objects from a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="kind">What objects there may be.</param>
    /// <returns>The objects, and all that is wrong.</returns>
    /// <exception cref="IOException">The text can't be read.</exception>
    internal static ResourceFileResult<T> Read<T>(TextReader reader, string name, ResourceKind<T> kind)
        where T : class, IKubernetesObject
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(name);
        var text = ReadToLimit(reader);
        if (text.Length > MaximumLength)
        {
            return Failed<T>(name, "is too large: more than 16 MiB");
        }

        var problems = new List<SourceProblem>();
        var documents = Documents(text, problems);
        var objects = new ResourceDocuments<T>(kind);
        foreach (var document in documents)
        {
            objects.Add(document, string.Empty);
        }

        if (objects.Count == 0 && problems.Count == 0)
        {
            return Failed<T>(name, $"holds no {kind.Name}");
        }

        var errors = problems.Select(problem => new PolicyFileError(name, problem.Line, problem.Column, problem.Path, problem.Message))
            .Concat(objects.Errors.Select(found => new PolicyFileError(
                name, found.Line, found.Column, found.Error.Path, (found.Error with { Path = string.Empty }).ToString()[2..])))
            .OrderBy(error => error.Line)
            .ThenBy(error => error.Column)
            .ToList();
        return new(errors.Count == 0 ? objects.Objects : [], errors);
    }

    // A device may never end.
    private static string ReadToLimit(TextReader reader)
    {
        var text = new System.Text.StringBuilder();
        var buffer = new char[64 * 1024];
        while (text.Length <= MaximumLength && reader.ReadBlock(buffer) is > 0 and var read)
        {
            text.Append(buffer, 0, read);
        }

        return text.ToString();
    }

    private static List<SourceNode> Documents(string text, List<SourceProblem> problems)
    {
        if (text.AsSpan().TrimStart().StartsWith("{"))
        {
            try
            {
                return JsonSource.Read(text, problems);
            }
            catch (JsonException)
            {
                // As kubectl does: what begins like JSON and is none may still be YAML.
                problems.Clear();
            }
            catch (SourceException error)
            {
                problems.Add(error.Problem);
                return [];
            }
        }

        var documents = new List<SourceNode>();
        try
        {
            using var reader = new StringReader(text);
            documents.AddRange(YamlSource.Read(reader, problems));
        }
        catch (SourceException error)
        {
            problems.Add(
                error.Problem.Message.Contains("tab as indentation", StringComparison.Ordinal)
                    ? TabAsIndentation(text, error.Problem) : error.Problem);
        }

        return documents;
    }

    // The parser only tells where the map around the tab begins.
    private static SourceProblem TabAsIndentation(string text, SourceProblem problem)
    {
        var lines = text.Split('\n');
        var at = Array.FindIndex(
            lines, problem.Line - 1, line => line[..^line.TrimStart().Length].Contains('\t', StringComparison.Ordinal));
        return at < 0
            ? problem
            : new(
                at + 1, lines[at].IndexOf('\t', StringComparison.Ordinal) + 1,
                "not valid YAML: indented with a tab; YAML takes spaces only");
    }

    private static ResourceFileResult<T> Failed<T>(string name, string message) =>
        new([], [new PolicyFileError(name, 0, 0, string.Empty, message)]);
}

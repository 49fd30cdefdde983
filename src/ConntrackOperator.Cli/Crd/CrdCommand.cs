namespace ConntrackOperator.Cli.Crd;

/// <summary>The command <c>crd</c>: writes the CustomResourceDefinitions.</summary>
public static class CrdCommand
{
    /// <summary>Writes all manifests into a directory, or as one stream of documents.</summary>
    /// <param name="directory">The directory, made when it is not there; null writes to <paramref name="output"/>.</param>
    /// <param name="output">Where the documents, or the names of the files written, go.</param>
    /// <returns>The exit code, 0.</returns>
    /// <exception cref="IOException">A file can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static int Run(string? directory, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var files = CrdGenerator.Generate();
        if (directory is null)
        {
            output.Write(string.Join("---\n", files.Where(file => file.Key != CrdGenerator.KustomizationFile).Select(file => file.Value)));
            return 0;
        }

        Directory.CreateDirectory(directory);
        foreach (var (name, text) in files)
        {
            var path = Path.Combine(directory, name);
            File.WriteAllText(path, text);
            output.WriteLine(path);
        }

        return 0;
    }
}

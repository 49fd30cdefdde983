namespace ConntrackOperator.Incidents.Machine;

/// <summary>The program of the folder Traffic, compiled here.</summary>
internal sealed class TrafficProgram : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("incidents-").FullName;

    internal TrafficProgram()
    {
        var sources = Directory.GetFiles(System.IO.Path.Combine(AppContext.BaseDirectory, "Traffic"), "*.c");
        Shell.Run("cc", ["-O2", "-Wall", "-pthread", "-o", Path, .. sources]);
    }

    internal string Path => System.IO.Path.Combine(_folder, "traffic");

    /// <summary>A folder for this run's files, gone at its end.</summary>
    internal string Folder => _folder;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

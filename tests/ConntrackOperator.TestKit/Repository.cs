namespace ConntrackOperator.TestKit;

/// <summary>The checkout that the tests were built in.</summary>
public static class Repository
{
    /// <summary>Where the solution is.</summary>
    /// <exception cref="DirectoryNotFoundException">The tests run from outside a checkout.</exception>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "ConntrackOperator.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No ConntrackOperator.sln in or above {AppContext.BaseDirectory}.");
    }
}

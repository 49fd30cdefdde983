using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

/// <summary>The policies and flushes under TestData; the first line of an invalid one says what the error must name.</summary>
internal static class PolicyTestData
{
    private const string ExpectPrefix = "# expect: ";

    internal static string Root { get; } = Path.Combine(Repository.Root, "tests", "ConntrackOperator.Cli.Tests", "TestData");

    internal static TheoryData<string> Invalid() => Names("invalid");

    internal static TheoryData<string> Valid() => Names("valid");

    internal static string[] Expected(string file)
    {
        var first = File.ReadLines(file).First();
        Assert.StartsWith(ExpectPrefix, first, StringComparison.Ordinal);
        return first[ExpectPrefix.Length..].Split(" | ");
    }

    internal static string PathOf(string folder, string name) => Path.Combine(Root, folder, name + ".yaml");

    internal static TheoryData<string> Names(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(Root, folder), "*.yaml")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal),
    ];
}

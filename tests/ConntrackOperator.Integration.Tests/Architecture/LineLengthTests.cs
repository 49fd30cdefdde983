using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Lines of C# are 140 columns at most. What a raw string literal holds is data, and as long as it is.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 140;
    private const string Quotes = "\"\"\"";

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void Lines_of_code_are_140_columns_at_most(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(
            f => Longer(File.ReadAllLines(f)).Select(line => $"{Path.GetRelativePath(Repository.Root, f)}:{line}")));
    }

    [Fact]
    public void A_longer_line_is_found_and_what_a_raw_string_holds_is_not()
    {
        var code = new string('x', Columns + 1);
        Assert.Equal([2], Longer([code[1..], code]));
        Assert.Empty(Longer([$"var a = {Quotes}", code, $"    {Quotes};"]));
        Assert.Equal([4], Longer([$"var a = {Quotes}", code, $"    {Quotes};", code]));
        Assert.Equal([2], Longer([$"{code}{Quotes}{Quotes}", code]));
    }

    /// <summary>The numbers of the lines that are longer.</summary>
    private static IEnumerable<int> Longer(string[] lines)
    {
        var inside = false;
        foreach (var (number, line) in lines.Index())
        {
            var quotes = line.Split(Quotes).Length - 1;
            if (line.Length > Columns && !inside && quotes == 0)
            {
                yield return number + 1;
            }

            inside ^= quotes % 2 != 0;
        }
    }
}

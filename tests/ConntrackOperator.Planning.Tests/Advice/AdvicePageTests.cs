using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>
/// What is said in each situation, to the word and the figure: in Pages, to be read like what an administrator gets. After a change of
/// the advice they are written anew, and the difference is read, with
/// <c>ADVICE_PAGES=tests/ConntrackOperator.Planning.Tests/Advice/Pages dotnet run --project tests/ConntrackOperator.Planning.Tests --
/// -class '*AdvicePageTests'</c>.
/// </summary>
public class AdvicePageTests
{
    private static readonly string _pages = Path.Combine(AppContext.BaseDirectory, "Advice", "Pages");
    private static readonly string? _writeTo = Environment.GetEnvironmentVariable("ADVICE_PAGES");

    public static TheoryData<string> Names => [.. CauseTests.Situations.Keys, .. Situations.All.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Each_situation_is_told_as_its_page_says(string name)
    {
        var told = Page.Of(Adviser.Advise(FactsOf(name)));
        var file = FileOf(name);
        if (_writeTo is { Length: > 0 })
        {
            File.WriteAllText(Path.Combine(_writeTo, file), told);
            Assert.Skip("ADVICE_PAGES is set: the page was written, not compared");
        }

        Assert.Equal(File.ReadAllText(Path.Combine(_pages, file)), told);
    }

    [Fact]
    public void There_is_no_page_without_a_situation() => Assert.Equal(
        Names.Select(name => FileOf(name.Data)).Order(StringComparer.Ordinal),
        Directory.GetFiles(_pages).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));

    private static string FileOf(string name) =>
        name.Replace(' ', '-').Replace("'", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal) + ".txt";

    private static TableFacts FactsOf(string name) => CauseTests.Situations.GetValueOrDefault(name) ?? Situations.All[name];
}

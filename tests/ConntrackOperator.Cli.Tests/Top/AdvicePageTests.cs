using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Top;

/// <summary>Where a finding says that its cause is described, it is.</summary>
public class AdvicePageTests
{
    [Fact]
    public void Each_cause_has_a_chapter_of_its_own_in_the_page_that_findings_point_to()
    {
        var chapters = File.ReadLines(Path.Combine(Repository.Root, "docs", "diagnosis.md"))
            .Where(line => line.StartsWith("### ", StringComparison.Ordinal))
            .Select(line => line[4..])
            .Order(StringComparer.Ordinal);
        Assert.Equal(Enum.GetNames<Cause>().Order(StringComparer.Ordinal), chapters);
    }
}

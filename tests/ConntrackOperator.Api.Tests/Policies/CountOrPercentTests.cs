using System.Text.Json;
using ConntrackOperator.Api.Policies;
using Xunit;

namespace ConntrackOperator.Api.Tests.Policies;

public class CountOrPercentTests
{
    [Theory]
    [InlineData("30")]
    [InlineData("-1")]
    [InlineData("\"25%\"")]
    [InlineData("\"30\"")]
    [InlineData("\"\"")]
    public void Number_stays_a_number_and_text_stays_text(string json) =>
        Assert.Equal(json, JsonSerializer.Serialize(Read(json)));

    [Theory]
    [InlineData("2.5", "2.5")]
    [InlineData("99999999999999999999", "99999999999999999999")]
    public void Number_that_is_no_whole_one_is_kept_for_whoever_refuses_it(string json, string text) =>
        Assert.Equal(CountOrPercent.Of(text), Read(json));

    [Theory]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void Anything_else_is_not_read(string json) => Assert.Throws<JsonException>(() => Read(json));

    private static CountOrPercent Read(string json) => JsonSerializer.Deserialize<CountOrPercent>(json);
}

using ConntrackOperator.Api.Policies;
using Xunit;

namespace ConntrackOperator.Api.Tests.Policies;

public class MaxUnavailableTests
{
    [Theory]
    [InlineData("1%", 5000, 50)]
    [InlineData("1%", 10, 1)]
    [InlineData("25%", 3, 1)]
    [InlineData("25%", 5, 2)]
    [InlineData("50%", 3, 2)]
    [InlineData("100%", 7, 7)]
    [InlineData("100%", 0, 1)]
    public void Share_is_rounded_up_and_never_less_than_one(string share, int selected, int slots) =>
        Assert.Equal(slots, new RolloutSpec { MaxUnavailable = CountOrPercent.Of(share) }.NodesAtOnce(selected));

    [Fact]
    public void Number_counts_as_it_stands_and_what_is_left_out_is_a_quarter()
    {
        Assert.Equal(30, new RolloutSpec { MaxUnavailable = CountOrPercent.Of(30) }.NodesAtOnce(7));
        Assert.Equal(25, new RolloutSpec().NodesAtOnce(100));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(5000, true)]
    [InlineData(5001, false)]
    [InlineData(-1, false)]
    public void Number_of_nodes_is_from_1_to_5000(long number, bool valid) =>
        Assert.Equal(valid, CountOrPercent.Of(number).AsNodes() == number);

    [Theory]
    [InlineData("0%", false)]
    [InlineData("1%", true)]
    [InlineData("100%", true)]
    [InlineData("101%", false)]
    [InlineData("1000%", false)]
    [InlineData("-1%", false)]
    [InlineData("50", false)]
    public void Share_of_the_nodes_is_from_1_to_100_percent(string share, bool valid) =>
        Assert.Equal(valid, $"{CountOrPercent.Of(share).AsPercent()}%" == share);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5000, 5000)]
    [InlineData(5001, 25)]
    public void Number_out_of_range_counts_as_the_default(long number, int nodes) =>
        Assert.Equal(nodes, new RolloutSpec { MaxUnavailable = CountOrPercent.Of(number) }.NodesAtOnce(100));

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("01%")]
    [InlineData("+5%")]
    [InlineData("5 %")]
    [InlineData("2.5%")]
    [InlineData("1e1%")]
    [InlineData("٣%")]
    [InlineData("5%%")]
    [InlineData("25%\n")]
    public void Share_written_in_another_way_is_not_valid(string text) => Assert.Null(CountOrPercent.Of(text).AsPercent());
}

using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Rollouts;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Rollouts;

public class RolloutLimitTests
{
    [Theory]
    [InlineData("1%", 5000, 50)]
    [InlineData("1%", 10, 1)]
    [InlineData("25%", 3, 1)]
    [InlineData("25%", 5, 2)]
    [InlineData("50%", 3, 2)]
    [InlineData("100%", 7, 7)]
    [InlineData("100%", 0, 1)]
    public void Share_is_rounded_up_and_never_less_than_one(string share, int selected, int places) =>
        Assert.Equal(places, RolloutLimit.Places(new RolloutSpec { MaxUnavailable = CountOrPercent.Of(share) }, selected));

    [Fact]
    public void Number_counts_as_it_stands_and_what_is_left_out_is_a_quarter()
    {
        Assert.Equal(30, RolloutLimit.Places(new RolloutSpec { MaxUnavailable = CountOrPercent.Of(30) }, 7));
        Assert.Equal(25, RolloutLimit.Places(new RolloutSpec(), 100));
    }

    [Fact]
    public void Every_number_and_every_share_in_range_is_valid_and_no_other() => Gen.Long[-10, 6000].Sample(number =>
    {
        Assert.Equal(number is >= 1 and <= 5000, RolloutLimit.IsValid(CountOrPercent.Of(number)));
        Assert.Equal(number is >= 1 and <= 100, RolloutLimit.IsValid(CountOrPercent.Of($"{number}%")));
        Assert.False(RolloutLimit.IsValid(CountOrPercent.Of($"{number}")));
    });

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
    public void Share_written_in_another_way_is_not_valid(string text) => Assert.False(RolloutLimit.IsValid(CountOrPercent.Of(text)));
}

using ConntrackOperator.Planning.Formatting;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Formatting;

public class KubeDurationTests
{
    [Fact]
    public void What_is_formatted_reads_back_as_the_same_seconds() => Gen.Long[1, 21474836].Sample(seconds =>
    {
        Assert.True(KubeDuration.TryParse(KubeDuration.Format(seconds), out var read, out var error));
        Assert.Equal(seconds, read);
        Assert.Empty(error);
    });

    [Fact]
    public void Units_add_up() => Gen.Select(Gen.Int[0, 5000], Gen.Int[0, 9999], Gen.Int[1, 9999]).Sample((hours, minutes, seconds) =>
    {
        Assert.True(KubeDuration.TryParse($"{hours}h{minutes}m{seconds}s", out var read, out _));
        Assert.Equal((hours * 3600L) + (minutes * 60) + seconds, read);
    });

    [Theory]
    [InlineData(7200, "2h")]
    [InlineData(5400, "1h30m")]
    [InlineData(45, "45s")]
    [InlineData(3605, "1h5s")]
    [InlineData(432000, "120h")]
    [InlineData(2147483647, "596523h14m7s")]
    [InlineData(0, "0s")]
    public void Format_is_the_shortest(long seconds, string text) => Assert.Equal(text, KubeDuration.Format(seconds));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("30")]
    [InlineData("0s")]
    [InlineData("0h0m0s")]
    [InlineData("5965h13m57s")]
    [InlineData("21474837s")]
    [InlineData("5d")]
    [InlineData("1s1s")]
    [InlineData("1m1h")]
    [InlineData("-1s")]
    [InlineData("1.5h")]
    [InlineData("1 h")]
    [InlineData("1s ")]
    [InlineData("s")]
    [InlineData("1ms")]
    [InlineData("٣s")]
    [InlineData("99999999999999999999s")]
    [InlineData("000000000000000000000001s")]
    public void What_the_API_server_refuses_is_refused_with_what_is_allowed(string? text)
    {
        Assert.False(KubeDuration.TryParse(text, out var seconds, out var error));
        Assert.Equal(0, seconds);
        Assert.Equal(KubeDuration.Allowed, error);
    }

    [Theory]
    [InlineData("000001h00000001m000000001s", false)]
    [InlineData("000001h0000001m00000001s", true)]
    public void A_text_is_as_long_as_the_schema_allows(string text, bool read)
    {
        Assert.Equal(read, text.Length <= 24);
        Assert.Equal(read, KubeDuration.TryParse(text, out var seconds, out _));
        Assert.Equal(read ? 3661 : 0, seconds);
    }

    [Fact]
    public void A_time_below_nothing_has_no_text() => Assert.Throws<ArgumentOutOfRangeException>(() => KubeDuration.Format(-1));

    [Fact]
    public void No_text_throws_or_reads_out_of_range() =>
        Gen.String[Gen.OneOf('0', '9', 'h', 'm', 's', 'd', '.', '-', ' '), 0, 30].Sample(text =>
        Assert.True(!KubeDuration.TryParse(text, out var seconds, out _) || seconds is >= 1 and <= 21474836));
}

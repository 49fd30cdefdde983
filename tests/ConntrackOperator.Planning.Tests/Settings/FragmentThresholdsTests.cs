using ConntrackOperator.Planning.Settings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Settings;

public class FragmentThresholdsTests
{
    private const string High = "nf_conntrack_frag6_high_thresh";
    private const string Low = "nf_conntrack_frag6_low_thresh";

    [Theory]
    [InlineData(Low, 4194305, 4194304, "ipv6Fragments.lowThreshold 4194305 is above ipv6Fragments.highThreshold, which is 4194304 "
        + "(nf_conntrack_frag6_high_thresh): set both")]
    [InlineData(Low, 4194304, 4194304, null)]
    [InlineData(High, 3145727, 3145728, "ipv6Fragments.highThreshold 3145727 is below ipv6Fragments.lowThreshold, which is 3145728 "
        + "(nf_conntrack_frag6_low_thresh): set both")]
    [InlineData(High, 3145728, 3145728, null)]
    public void Each_is_the_others_bound(string key, long value, long other, string? expected) =>
        Assert.Equal(expected, FragmentThresholds.Refusal(key, value, other));

    [Fact]
    public void No_other_key_has_another() => Assert.Equal(
        (Low, High, null), (FragmentThresholds.Other(High), FragmentThresholds.Other(Low), FragmentThresholds.Other("nf_conntrack_max")));
}

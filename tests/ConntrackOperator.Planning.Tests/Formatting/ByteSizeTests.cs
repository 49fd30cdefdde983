using ConntrackOperator.Planning.Formatting;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Formatting;

public class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(1024, "1Ki")]
    [InlineData(1048524, "1023.9Ki")]
    [InlineData(1048550, "1Mi")]
    [InlineData(87975526, "83.9Mi")]
    [InlineData(335544320, "320Mi")]
    [InlineData(1717986918, "1.6Gi")]
    [InlineData(17179869184, "16Gi")]
    [InlineData(long.MaxValue, "8Ei")]
    public void Amounts_are_told_in_the_largest_unit_that_they_fill(long bytes, string expected) =>
        Assert.Equal(expected, ByteSize.Format(bytes));
}

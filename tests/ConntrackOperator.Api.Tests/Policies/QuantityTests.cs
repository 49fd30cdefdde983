using System.Text.Json;
using ConntrackOperator.Api.Policies;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Api.Tests.Policies;

public class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("5k", 5000)]
    [InlineData("5Ki", 5120)]
    [InlineData("4M", 4000000)]
    [InlineData("4Mi", 4194304)]
    [InlineData("2G", 2000000000)]
    [InlineData("16Gi", 17179869184)]
    public void Suffixes_multiply(string text, long bytes)
    {
        Assert.True(new Quantity(text).TryGetBytes(out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5Mi")]
    [InlineData("4 Mi")]
    [InlineData("4MB")]
    [InlineData("4mi")]
    [InlineData("4Ti")]
    [InlineData("1e6")]
    [InlineData("999999999999999999Gi")]
    [InlineData("9999999999999999999")]
    public void What_is_no_whole_amount_is_refused(string? text)
    {
        Assert.False(new Quantity(text!).TryGetBytes(out var bytes));
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void Numbers_stay_numbers_and_text_stays_text_in_json() => Gen.Select(Gen.Long[0, 1L << 50], Gen.Bool).Sample((number, asText) =>
    {
        var spec = new PolicySpec { Ipv6Fragments = new() { HighThreshold = new(asText ? $"{number}Ki" : $"{number}") } };
        var json = JsonSerializer.Serialize(new ConntrackPolicy { Spec = spec }, ApiJson.Default.ConntrackPolicy);
        Assert.Contains(asText ? $"\"highThreshold\":\"{number}Ki\"" : $"\"highThreshold\":{number}", json, StringComparison.Ordinal);
        Assert.Equal(spec, JsonSerializer.Deserialize(json, ApiJson.Default.ConntrackPolicy)!.Spec);
    });
}

using System.Text;
using System.Text.Json;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Kubernetes.Tests.Client;

public sealed class YamlSafeJsonTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("an ä, a \u2028, a \t, a \" and a \\")]
    [InlineData("\ud83d\ude00 between \ud83d\ude00\ud83d\ude01")]
    [InlineData("a backslash before: \\ud83d\\ude00")]
    [InlineData("\\\ud83d\ude00")]
    public void Text_reads_the_same_and_holds_no_half_of_a_character(string text)
    {
        var json = Encoding.UTF8.GetString(YamlSafeJson.Of(JsonSerializer.SerializeToUtf8Bytes(text)));
        Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
        Assert.DoesNotMatch(@"(?<!\\)(\\\\)*\\u[Dd][89A-Fa-f]", json);
    }
}

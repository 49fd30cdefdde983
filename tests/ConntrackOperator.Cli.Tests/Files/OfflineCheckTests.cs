using ConntrackOperator.Cli.Files;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

/// <summary>Each policy under TestData, checked without a cluster. ApiServerAgreementTests puts the same files to the API server.</summary>
public class OfflineCheckTests
{
    public static TheoryData<string> Invalid => PolicyTestData.Invalid();

    public static TheoryData<string> Valid => PolicyTestData.Valid();

    public static TheoryData<string> InvalidFlushes => PolicyTestData.Names("flush-invalid");

    public static TheoryData<string> ValidFlushes => PolicyTestData.Names("flush-valid");

    [Theory, MemberData(nameof(Invalid))]
    public void Invalid_policy_is_refused_with_one_error_that_says_field_value_and_what_is_allowed(string name)
    {
        var file = PolicyTestData.PathOf("invalid", name);
        var result = PolicyFile.Read(file, TextReader.Null);
        var error = Assert.Single(result.Errors);
        Assert.All(PolicyTestData.Expected(file), part => Assert.Contains(part, error.ToString(), StringComparison.Ordinal));
        Assert.True(error.Line > 1, error.ToString());
        Assert.Empty(result.Policies);
    }

    [Theory, MemberData(nameof(Valid))]
    public void Valid_policy_is_accepted(string name)
    {
        var result = PolicyFile.Read(PolicyTestData.PathOf("valid", name), TextReader.Null);
        Assert.Empty(result.Errors);
        Assert.Single(result.Policies);
    }

    [Theory, MemberData(nameof(InvalidFlushes))]
    public void Invalid_flush_is_refused_with_one_error_that_says_field_value_and_what_is_allowed(string name)
    {
        var file = PolicyTestData.PathOf("flush-invalid", name);
        var result = FlushFile.Read(file, TextReader.Null);
        var error = Assert.Single(result.Errors);
        Assert.All(PolicyTestData.Expected(file), part => Assert.Contains(part, error.ToString(), StringComparison.Ordinal));
        Assert.True(error.Line > 1, error.ToString());
        Assert.Empty(result.Flushes);
    }

    [Theory, MemberData(nameof(ValidFlushes))]
    public void Valid_flush_is_accepted(string name)
    {
        var result = FlushFile.Read(PolicyTestData.PathOf("flush-valid", name), TextReader.Null);
        Assert.Empty(result.Errors);
        Assert.Equal("test", Assert.Single(result.Flushes).Metadata!.Name);
    }

    [Fact]
    public void Sample_flush_is_accepted_and_says_when_to_use_it()
    {
        var file = Path.Combine(Repository.Root, "config", "samples", "flush-time-wait.yaml");
        var result = FlushFile.Read(file, TextReader.Null);
        Assert.Empty(result.Errors);
        Assert.Equal(["TIME_WAIT", "CLOSE"], Assert.Single(result.Flushes).Spec!.Match!.States!);
        Assert.StartsWith("# ", File.ReadLines(file).First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("simple.yaml", 1)]
    [InlineData("by-pool.yaml", 2)]
    [InlineData("auto-sized.yaml", 1)]
    [InlineData("everything.yaml", 1)]
    [InlineData("slowly.yaml", 1)]
    public void Sample_is_accepted_and_says_when_to_use_it(string name, int policies)
    {
        var file = Path.Combine(Repository.Root, "config", "samples", name);
        var result = PolicyFile.Read(file, TextReader.Null);
        Assert.Empty(result.Errors);
        Assert.Equal(policies, result.Policies.Count);
        Assert.StartsWith("# ", File.ReadLines(file).First(), StringComparison.Ordinal);
    }
}

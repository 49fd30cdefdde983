using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Cluster;

public sealed class MutationCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MutationCache<NodeObject> _own;

    public MutationCacheTests() => _own = new(_time);

    [Theory]
    [InlineData("9", "10", "10")]
    [InlineData("10", "10", "10")]
    [InlineData("11", "10", "11")]
    [InlineData("9", "x", "9")]
    public void Newer_one_counts(string seen, string written, string expected)
    {
        _own.Wrote("n", Version(written));
        Assert.Equal(expected, _own.Newest("n", Version(seen))!.Metadata!.ResourceVersion);
    }

    [Fact]
    public void What_is_not_seen_is_not_there()
    {
        _own.Wrote("n", Version("10"));
        Assert.Null(_own.Newest("n", null));
    }

    [Fact]
    public void Watch_that_stays_behind_is_believed_in_the_end()
    {
        _own.Wrote("n", Version("10"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("3", _own.Newest("n", Version("3"))!.Metadata!.ResourceVersion);
    }

    [Fact]
    public void Forgotten_write_does_not_count()
    {
        _own.Wrote("n", Version("10"));
        _own.Forget("n");
        Assert.Equal("3", _own.Newest("n", Version("3"))!.Metadata!.ResourceVersion);
    }

    private static NodeObject Version(string version) => new() { Metadata = new ObjectMeta { Name = "n", ResourceVersion = version } };
}

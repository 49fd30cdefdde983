using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Planning.Advice.Facts;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>What is said of a pod's table, from two looks a minute apart.</summary>
public sealed class NamespaceWatchTests : IDisposable
{
    private const int Limit = 1000;

    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _proc.Delete(true);

    // A packet can be dropped for other reasons than a full table; the machine's own table is judged in the same way.
    [Theory]
    [InlineData(20, 20, 0, 0)]
    [InlineData(499, 499, 0, 0)]
    [InlineData(500, 20, 0, 12)]
    [InlineData(20, 500, 0, 12)]
    [InlineData(20, 20, 1, 12)]
    public void A_drop_is_for_want_of_an_entry_only_where_the_table_may_have_been_full(
        int entriesBefore, int entries, int evicted, double lost)
    {
        var watch = new NamespaceWatch(_proc.FullName, _time);
        Assert.Equal((null, null), Rates(Look(watch, entriesBefore, drops: 7, evicted: 3)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((lost, evicted), Rates(Look(watch, entries, drops: 19, evicted: 3 + evicted)));
    }

    [Fact]
    public void Nothing_is_lost_for_want_of_an_entry_where_there_is_no_limit()
    {
        var watch = new NamespaceWatch(_proc.FullName, _time);
        _ = Look(watch, 900, drops: 0, evicted: 0, limit: 0);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), Rates(Look(watch, 900, drops: 50, evicted: 0, limit: 0)));
    }

    private static (double? Lost, double? Evicted) Rates(NamespaceFacts facts) => (facts.DropsPerMinute, facts.EarlyDropsPerMinute);

    private NamespaceFacts Look(NamespaceWatch watch, int entries, int drops, int evicted, long? limit = Limit)
    {
        var stat = _proc.CreateSubdirectory("20/net/stat");
        File.WriteAllText(
            Path.Combine(stat.FullName, "nf_conntrack"),
            $"entries insert_failed drop early_drop\n{entries:x8} 00000000 {drops:x8} {evicted:x8}\n");
        var link = Path.Combine(_proc.CreateSubdirectory("20/ns").FullName, "net");
        if (!Path.Exists(link) && new FileInfo(link).LinkTarget is null)
        {
            File.CreateSymbolicLink(link, "net:[4026532321]");
        }

        return Assert.Single(watch.Read(limit));
    }
}

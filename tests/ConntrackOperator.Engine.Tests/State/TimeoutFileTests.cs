using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Engine.Tests.State;

public sealed class TimeoutFileTests : IDisposable
{
    private const string Key = "nf_conntrack_tcp_timeout_established";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    private string File => Path.Combine(_directory.FullName, "timeouts.json");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void What_one_process_saw_another_knows()
    {
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10)));
        var known = Store("boot", "1").Keep(TimeoutHistory.Begin(Look(432_000, 20)));
        Assert.Equal((10, 20), (known.Since.TotalSeconds, known.LastLook.TotalSeconds));
        Assert.Equal(
            [(600L, 10.0, 20.0, false), (432_000L, 10.0, 20.0, true)],
            known.Spans.Select(s => (s.Seconds, s.From.TotalSeconds, s.Until.TotalSeconds, s.IsOpen)).Order());
    }

    [Fact]
    public void Another_boot_and_another_network_namespace_are_strangers()
    {
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10)));
        Assert.Equal(20, Store("boot", "2").Keep(TimeoutHistory.Begin(Look(600, 20))).Since.TotalSeconds);
        Assert.Equal(10, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 30))).Since.TotalSeconds);
        Assert.Equal(40, Store("next", "1").Keep(TimeoutHistory.Begin(Look(600, 40))).Since.TotalSeconds);
        Assert.Equal(5, Store("after", "1").Keep(TimeoutHistory.Begin(Look(600, 5))).Since.TotalSeconds);
        Assert.Null(TimeoutFile.StoreFor(_directory.FullName, Facts("boot", "")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"version\":2,\"bootId\":\"boot\"")]
    [InlineData("{\"version\":2,\"bootId\":\"boot\",\"namespaces\":{\"cookie 1\":null}}")]
    [InlineData(
        "{\"version\":2,\"bootId\":\"boot\",\"namespaces\":{\"cookie "
            + "1\":{\"since\":\"00:00:01\",\"lastLook\":\"00:00:02\",\"spans\":null}}}")]
    public void A_file_that_can_not_be_read_is_no_history_and_keeping_goes_on(string content)
    {
        System.IO.File.WriteAllText(File, content);
        var known = Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10)));
        Assert.Equal(10, known.Since.TotalSeconds);
        Assert.Equal(10, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 20))).Since.TotalSeconds);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 1)]
    public void A_file_of_the_version_that_dated_changes_too_late_is_not_believed_and_does_not_last(int version, int since)
    {
        const string history =
            "{\"since\":\"00:00:01\",\"lastLook\":\"00:00:02\",\"spans\":[{\"key\":\"" + Key
            + "\",\"seconds\":600,\"from\":\"00:00:01\",\"until\":\"00:00:02\",\"isOpen\":true}]}";
        System.IO.File.WriteAllText(
            File,
            "{\"version\":" + version + ",\"bootId\":\"boot\",\"namespaces\":{\"cookie 1\":" + history + ",\"cookie 2\":" + history + "}}");
        Assert.Equal(since, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10))).Since.TotalSeconds);
        Assert.Equal(version == 2, System.IO.File.ReadAllText(File).Contains("cookie 2", StringComparison.Ordinal));
    }

    [Fact]
    public void When_the_last_look_began_and_the_last_listing_is_kept()
    {
        var slow = Look(600, 30) with { ReadFrom = TimeSpan.FromSeconds(20), ListedFrom = TimeSpan.FromSeconds(12) };
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10)).Add(slow));
        var known = Store("boot", "1").Keep(TimeoutHistory.Begin(Look(60, 40)));
        Assert.Equal(12, Assert.Single(known.Spans, s => s.Seconds == 60).From.TotalSeconds);
    }

    [Fact]
    public void A_file_of_a_later_version_is_left_alone()
    {
        const string later = "{\"version\":3,\"other\":true}";
        System.IO.File.WriteAllText(File, later);
        Assert.Equal(10, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10))).Since.TotalSeconds);
        Assert.Equal(later, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void One_span_that_can_not_be_makes_a_history_unsound_and_one_that_is_no_value_does_not()
    {
        // What is no value has 0 seconds: here there was a flow table, in which packets arm nothing.
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10) with { HasFlowTables = true }));
        var known = Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 20)));
        Assert.Equal((10, 2), (known.Since.TotalSeconds, known.Spans.Count));

        System.IO.File.WriteAllText(
            File, System.IO.File.ReadAllText(File).Replace("\"seconds\":600", "\"seconds\":-600", StringComparison.Ordinal));
        Assert.Equal(30, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 30))).Since.TotalSeconds);
    }

    [Fact]
    public void The_directory_is_made_for_its_owner_alone()
    {
        var directory = Path.Combine(_directory.FullName, "state");
        TimeoutFile.StoreFor(directory, Facts("boot", "1"))!.Keep(TimeoutHistory.Begin(Look(600, 10)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(directory));
        Assert.True(System.IO.File.Exists(Path.Combine(directory, "timeouts.json")));
    }

    [Fact]
    public void Namespaces_are_bounded_and_the_latest_stay()
    {
        for (var i = 0; i < 40; i++)
        {
            Store("boot", $"{i}").Keep(TimeoutHistory.Begin(Look(600, 10 + i)));
        }

        Assert.Equal(49, Store("boot", "39").Keep(TimeoutHistory.Begin(Look(600, 90))).Since.TotalSeconds);
        Assert.Equal(91, Store("boot", "0").Keep(TimeoutHistory.Begin(Look(600, 91))).Since.TotalSeconds);
    }

    [Theory]
    [InlineData("00:00:05", "00:00:04", 600, "00:00:01", "00:00:02")]
    [InlineData("00:00:01", "00:00:04", -1, "00:00:01", "00:00:02")]
    [InlineData("00:00:01", "00:00:04", 600, "00:00:03", "00:00:02")]
    public void A_history_that_can_not_be_is_not_believed_and_does_not_last(
        string since, string last, int seconds, string from, string until)
    {
        string History(string name) =>
            "\"" + name + "\":{\"since\":\"" + since + "\",\"lastLook\":\"" + last + "\",\"spans\":[{\"key\":\"" + Key
            + "\",\"seconds\":" + seconds + ",\"from\":\"" + from + "\",\"until\":\"" + until + "\",\"isOpen\":true}]}";
        System.IO.File.WriteAllText(
            File, "{\"version\":2,\"bootId\":\"boot\",\"namespaces\":{" + History("cookie 1") + "," + History("cookie 2") + "}}");
        Assert.Equal(10, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10))).Since.TotalSeconds);
        Assert.DoesNotContain("cookie 2", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(910, 10)]
    [InlineData(911, 20)]
    public void A_history_from_long_after_now_is_not_of_this_boot(int lastLook, int since)
    {
        Store("boot", "1").Keep(
            TimeoutHistory.Begin(Look(600, 20)) with { Since = TimeSpan.FromSeconds(10), LastLook = TimeSpan.FromSeconds(lastLook + 10) });
        Assert.Equal(since, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 20))).Since.TotalSeconds);
    }

    [Fact]
    public void While_another_process_writes_what_it_kept_is_known_and_the_file_is_its_own()
    {
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 10)));
        var kept = System.IO.File.ReadAllText(File);
        using (
            new FileStream(Path.Combine(_directory.FullName, "timeouts.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(10, Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 20))).Since.TotalSeconds);
        }

        Assert.Equal(kept, System.IO.File.ReadAllText(File));
        Store("boot", "1").Keep(TimeoutHistory.Begin(Look(600, 30)));
        Assert.NotEqual(kept, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Where_nothing_can_be_kept_what_this_process_saw_is_known()
    {
        System.IO.File.WriteAllText(File, "no directory");
        var store = TimeoutFile.StoreFor(File, Facts("boot", "1"))!;
        Assert.Equal(10, store.Keep(TimeoutHistory.Begin(Look(600, 10))).Since.TotalSeconds);
    }

    [Fact]
    public void A_namespace_is_named_by_what_no_other_can_have_had()
    {
        Assert.Equal(new TableIdentity("boot", "cookie 7"), TableIdentity.Of(Facts("boot", "7")));
        Assert.Equal(new TableIdentity("boot", "initial"), TableIdentity.Of(Facts("boot", "") with { IsInitialNetworkNamespace = true }));
        Assert.Null(TableIdentity.Of(Facts("boot", "")));
        Assert.Null(TableIdentity.Of(Facts("", "7")));
        Assert.Null(TimeoutFile.StoreFor(_directory.FullName, Facts("", "7")));
    }

    private static ConfiguredTimeouts Look(long established, int at) => new()
    {
        At = TimeSpan.FromSeconds(at),
        Sysctls = new Dictionary<string, long> { [Key] = established },
    };

    private static HostFacts Facts(string boot, string cookie) =>
        new("6.18", boot, "4026531840", 2, 1 << 30, "host") { NetworkNamespaceCookie = cookie };

    private TimeoutFile Store(string boot, string cookie) => TimeoutFile.StoreFor(_directory.FullName, Facts(boot, cookie))!;
}

using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Tests.State;

/// <summary>Network namespaces that share a state directory: whose files are where, and that none costs another its own.</summary>
public sealed class StatePlaceTests : IDisposable
{
    private const string Key = SysctlNames.UdpTimeout;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    private string Root => _root.FullName;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void The_first_one_has_the_directory_and_every_other_one_has_its_own_below()
    {
        Keep(Host("5"), 30, "five");
        Keep(Host("6"), 31, "six");
        Keep(Host("7"), 32, "seven");
        Assert.Equal((30, "five"), Kept(Host("5")));
        Assert.Equal((31, "six"), Kept(Host("6")));
        Assert.Equal((32, "seven"), Kept(Host("7")));
        Assert.Equal(Root, Place(Host("5")));
        Assert.Equal(Path.Combine(Root, "namespaces", "boot-1", "6"), Place(Host("6")));
        Assert.Equal((null, null), Kept(Host("8")));
    }

    [Fact]
    public void The_directory_is_the_initial_namespaces_and_who_came_before_finds_its_files_moved()
    {
        Keep(Host("5"), 30, "five");
        Assert.Equal((null, null), Kept(Host("1", isInitial: true)));
        Keep(Host("1", isInitial: true), 31, "host");
        Assert.Equal(Root, Place(Host("1", isInitial: true)));
        Assert.Equal((30, "five"), Kept(Host("5")));
        Keep(Host("5"), 99, "again");
        Assert.Equal((30, "again"), Kept(Host("5")));
        Assert.Equal((31, "host"), Kept(Host("1", isInitial: true)));
    }

    [Fact]
    public void A_move_that_was_cut_off_before_the_originals_is_taken_up_again_and_loses_none()
    {
        Keep(Host("5"), 30, "five");
        var own = Directory.CreateDirectory(Path.Combine(Root, "namespaces", "boot-1", "5")).FullName;
        File.Move(Path.Combine(Root, "plan.json"), Path.Combine(own, "plan.json"));
        Assert.Equal((30, null), Kept(Host("5")));
        Keep(Host("1", isInitial: true), 31, "host");
        Assert.Equal((30, "five"), Kept(Host("5")));

        // Or before the owner alone.
        File.Move(Path.Combine(own, "owner.json"), Path.Combine(Root, "owner.json"), overwrite: true);
        File.Delete(Path.Combine(Root, "originals.json"));
        File.Delete(Path.Combine(Root, "plan.json"));
        Assert.Equal((30, "five"), Kept(Host("5")));
        Keep(Host("1", isInitial: true), 32, "host");
        Assert.Equal((30, "five"), Kept(Host("5")));
        Assert.Equal((32, "host"), Kept(Host("1", isInitial: true)));
    }

    [Fact]
    public void What_was_planned_after_a_move_was_cut_off_replaces_what_had_moved()
    {
        Keep(Host("5"), 30, "five");
        var own = Directory.CreateDirectory(PlaceOf("5")).FullName;
        File.Move(Path.Combine(Root, "plan.json"), Path.Combine(own, "plan.json"));
        Keep(Host("5"), 30, "again");
        Keep(Host("1", isInitial: true), 31, "host");
        Assert.Equal((30, "again"), Kept(Host("5")));
        Assert.Equal((31, "host"), Kept(Host("1", isInitial: true)));
    }

    [Fact]
    public void Where_files_are_moved_to_is_for_their_owner_alone()
    {
        Keep(Host("5"), 30, "five");
        Keep(Host("1", isInitial: true), 31, "host");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(PlaceOf("5")));
    }

    [Fact]
    public void Who_only_looks_leaves_what_can_not_be_read_where_it_is()
    {
        Keep(Host("1", isInitial: true), 31, "host", node: "node-7");
        Keep(Host("5"), 30, "five", node: "node-8");
        string[] files = [Path.Combine(Root, "owner.json"), Path.Combine(Root, "plan.json")];
        Assert.All(files, f => File.WriteAllText(f, "{"));
        Assert.Null(StateOwner.ReadMark(Root));
        Assert.Equal("five", Kept(Host("5"), node: "node-8").Plan);
        using var other = Open(Host("5"));
        Assert.Equal("five", new PlanStore(other, "node-8").Plan?.Uid);
        Assert.All(files, f => Assert.Equal("{", File.ReadAllText(f)));
    }

    [Fact]
    public void A_plan_without_contents_has_no_flushes_and_is_a_plan()
    {
        using var state = Open(Host("5"));
        var store = new PlanStore(state, null);
        Assert.Null(store.Flushes);
        store.Set(new CachedPlan { Uid = "none" });
        Assert.Empty(store.Flushes!);
    }

    [Fact]
    public void After_a_reboot_a_container_has_its_plan_where_it_was_and_no_other_namespace_gets_the_hosts()
    {
        Keep(Host("5"), 30, "container");
        Assert.Equal((null, "container"), Kept(Host("9") with { BootId = "boot-2" }));

        // What a namespace of an earlier boot planned is not the host's plan.
        Assert.Equal((null, null), Kept(Host("1", isInitial: true) with { BootId = "boot-2" }));
        Keep(Host("1", isInitial: true) with { BootId = "boot-2" }, 31, "host");
        Assert.Equal((31, "host"), Kept(Host("1", isInitial: true) with { BootId = "boot-2" }));
        Assert.Equal((null, null), Kept(Host("9") with { BootId = "boot-3" }));
        Assert.Equal((null, "host"), Kept(Host("1", isInitial: true) with { BootId = "boot-3" }));
    }

    [Fact]
    public void An_agent_that_starts_in_a_new_namespace_is_not_locked_out_has_its_nodes_plan_and_waits_for_no_status()
    {
        Keep(Host("5"), 30, "node-7", node: "node-7");
        for (var cookie = 6; cookie < 9; cookie++)
        {
            var host = Host($"{cookie}");
            Assert.Null(Kept(host, node: "node-8").Plan);
            Assert.Null(Kept(host).Plan);
            using (var state = StateDirectory.Open(Root, host))
            {
                var store = new OriginalsStore(state, host, statusWillCome: true);
                Assert.Equal((true, false, null), (store.IsFresh, store.AwaitsStatus, store.Unknown));
            }

            Keep(host, cookie, $"life {cookie}", node: "node-7");
            Assert.Equal((cookie, $"life {cookie}"), Kept(host, node: "node-7"));
        }

        Assert.Equal("life 8", Kept(Host("9"), node: "node-7").Plan);
    }

    [Fact]
    public void Files_of_an_earlier_boot_go_and_of_too_many_first_those_with_nothing_to_put_back()
    {
        Keep(Host("1", isInitial: true) with { BootId = "boot-0" }, 30, "host");
        Keep(Host("2") with { BootId = "boot-0" }, 30, "old");
        Keep(Host("1", isInitial: true), 30, "host");
        Assert.False(Directory.Exists(Path.Combine(Root, "namespaces", "boot-0")));

        using var held = Open(Host("100"));
        Write(held, Host("100"), null, "held", null);
        Directory.SetLastWriteTimeUtc(PlaceOf("100"), DateTime.UnixEpoch);
        Keep(Host("101"), 1, "one");
        Keep(Host("102"), null, "one");
        for (var i = 1; i < StatePlace.MostNamespaces; i++)
        {
            var place = Directory.CreateDirectory(PlaceOf($"{100 + i}")).FullName;
            if (i > 2)
            {
                File.Copy(Path.Combine(PlaceOf(i == 3 ? "102" : "101"), "originals.json"), Path.Combine(place, "originals.json"));
            }

            Directory.SetLastWriteTimeUtc(place, DateTime.UnixEpoch + TimeSpan.FromDays(365 + i));
        }

        Keep(Host("1000"), 5, "new");
        Assert.False(Directory.Exists(PlaceOf("102")));
        Assert.True(Directory.Exists(PlaceOf("101")) && Directory.Exists(PlaceOf("100")) && Directory.Exists(PlaceOf("103")));
        Keep(Host("1001"), 5, "new");
        Assert.False(Directory.Exists(PlaceOf("103")));
        Directory.SetLastWriteTimeUtc(PlaceOf("150"), DateTime.UnixEpoch);
        Keep(Host("1002"), 5, "new");
        Assert.False(Directory.Exists(PlaceOf("150")));
        Assert.Equal(1, Kept(Host("101")).Original);

        // What is too much already goes as well.
        string[] more = ["1100", "1101"];
        foreach (var one in more)
        {
            Directory.CreateDirectory(PlaceOf(one));
        }

        Keep(Host("1003"), 5, "new");
        Assert.All(more, one => Assert.False(Directory.Exists(PlaceOf(one))));
        Assert.Equal(StatePlace.MostNamespaces, Directory.GetDirectories(Path.Combine(Root, "namespaces", "boot-1")).Length);
        Assert.Equal((30, "host"), Kept(Host("1", isInitial: true)));
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("")]
    [InlineData(null)]
    public void A_name_that_is_none_never_becomes_part_of_a_path(string? name)
    {
        Assert.Null(new StateOwner { BootId = name, NetworkNamespaceCookie = "5" }.Place);
        Assert.Null(new StateOwner { BootId = "boot-1", NetworkNamespace = name }.Place);
        Assert.Equal(
            Path.Combine("namespaces", "boot-1", "inode-7"),
            new StateOwner { BootId = "boot-1", NetworkNamespaceCookie = name, NetworkNamespace = "7" }.Place);
    }

    private static HostFacts Host(string cookie, bool isInitial = false) => new("6.18.0", "boot-1", "40" + cookie, 2, 1 << 30, "host")
    {
        NetworkNamespaceCookie = cookie,
        IsInitialNetworkNamespace = isInitial,
    };

    private static void Write(StateDirectory state, HostFacts host, long? original, string plan, string? node)
    {
        var store = new OriginalsStore(state, host, statusWillCome: false);
        if (original is { } value)
        {
            store.Note(Key, value, RemovalPolicy.Restore, "edge");
        }

        store.Save();
        new PlanStore(state, node).Set(new CachedPlan { Node = node, Uid = plan, Spec = new NodeSpec { Settings = [] } });
    }

    private string PlaceOf(string cookie) => Path.Combine(Root, "namespaces", "boot-1", cookie);

    private StateDirectory Open(HostFacts host) => StateDirectory.Open(Root, host);

    private string Place(HostFacts host)
    {
        using var state = Open(host);
        return state.Path;
    }

    private void Keep(HostFacts host, long? original, string plan, string? node = null)
    {
        using var state = Open(host);
        Write(state, host, original, plan, node);
    }

    /// <summary>As one who only looks finds it.</summary>
    private (long? Original, string? Plan) Kept(HostFacts host, string? node = null)
    {
        using var state = StateDirectory.OpenReadOnly(Root, host);
        return (new OriginalsStore(state, host, statusWillCome: false).Find(Key), new PlanStore(state, node).Plan?.Uid);
    }
}

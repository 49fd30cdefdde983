using System.Text.Json.Nodes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Tests.State;

/// <summary>The store by itself: whose originals it believes, what it writes, and what it takes back.</summary>
public sealed class OriginalsStoreTests : IDisposable
{
    private const string Key = SysctlNames.UdpTimeout;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private readonly List<IDisposable> _open = [];

    private string File => Path.Combine(_root.FullName, "originals.json");

    public void Dispose()
    {
        _open.ForEach(o => o.Dispose());
        _root.Delete(recursive: true);
    }

    /// <summary>
    /// This boot, cookie, inode and whether the namespace is the initial one; and what was written down; and whether it counts.
    /// </summary>
    public static TheoryData<string, string, bool, string, string?, string?, bool> Namespaces => new()
    {
        // By the cookie where both know it.
        { "7", "400", false, "boot-1", "7", "500", true },
        { "7", "400", true, "boot-1", "8", "400", false },

        // By the inode where that can't have been given to another one since.
        { "7", "400", false, "boot-1", null, "400", false },
        { "7", "400", false, "boot-1", "", "400", false },
        { "7", "400", true, "boot-1", null, "400", true },
        { "7", "400", true, "boot-1", null, "401", false },
        { "", "400", false, "boot-1", "8", "400", true },
        { "", "400", false, "boot-1", "8", "401", false },
        { "", "", false, "boot-1", null, null, true },
        { "", "400", false, "boot-1", null, null, false },
        { "7", "400", true, "boot-2", "7", "400", false },
    };

    [Theory, MemberData(nameof(Namespaces))]
    public void Originals_count_for_the_boot_and_the_namespace_that_they_are_of(
        string cookie, string inode, bool isInitial, string boot, string? writtenCookie, string? writtenInode, bool counts)
    {
        var host = Host(cookie, inode, isInitial);
        Write(new JsonObject { ["bootId"] = boot, ["networkNamespace"] = writtenInode, ["networkNamespaceCookie"] = writtenCookie });
        var store = Open(host);
        Assert.Equal((!counts, counts ? 30 : null), (store.IsFresh, store.Find(Key)));
        Close();

        // The same of what the node's status tells.
        System.IO.File.Delete(File);
        store = Open(host);
        var status = Status(boot, writtenInode, writtenCookie, new SettingStatus { Name = Key, Original = 30, Policy = "edge" });
        Assert.Equal((counts ? 1 : 0, counts ? 30 : null), (store.Adopt(status), store.Find(Key)));
    }

    [Fact]
    public void Of_a_status_only_originals_that_can_have_been_are_taken_over_and_only_once()
    {
        var store = Open();
        store.Note("nf_conntrack_acct", 0, RemovalPolicy.Keep, "own");
        var status = Status(
            "boot-1",
            "400",
            null,
            new SettingStatus { Name = Key, Original = 0, Policy = "edge" },
            new SettingStatus { Name = "nf_conntrack_acct", Original = 1 },
            new SettingStatus { Name = "nf_conntrack_max", Original = -1 },
            new SettingStatus { Name = "nf_conntrack_buckets" },
            new SettingStatus { Original = 5 });
        Assert.Equal(1, store.Adopt(status));
        Assert.Equal((0L, 0L, "edge"), (store.Find(Key), store.Find("nf_conntrack_acct"), store.Get(Key)!.Policy));
        Assert.Equal(["nf_conntrack_acct", Key], store.Names.Order(StringComparer.Ordinal));
        store.Forget(Key);
        Assert.Equal((0, false), (store.Adopt(status), store.IsFresh));
        Assert.Null(store.Find(Key));
    }

    [Fact]
    public void What_was_taken_over_is_on_the_disk_after_the_next_save()
    {
        var store = Open();
        store.Save();
        store.Adopt(Status("boot-1", "400", null, new SettingStatus { Name = Key, Original = 30 }));
        store.Save();
        Close();
        Assert.Equal(30, Open().Find(Key));
    }

    [Fact]
    public void Without_a_file_the_first_save_makes_one_so_that_its_loss_is_noticed()
    {
        var store = Open();
        Assert.False(store.AwaitsStatus);
        store.Save();
        var written = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        Assert.Equal(
            (1, "boot-1", "400", 0),
            ((int)written["format"]!, (string?)written["bootId"], (string?)written["networkNamespace"],
            written["originals"]!.AsObject().Count));
        Assert.Null(written["networkNamespaceCookie"]);
        Close();
        Assert.False(Open().IsFresh);
    }

    [Fact]
    public void Where_a_status_will_come_nothing_is_written_before_it_and_then_the_file_is()
    {
        var store = Open(Host(), statusWillCome: true);
        Assert.True(store.AwaitsStatus);
        store.CheckFile();
        store.Save();
        Assert.False(System.IO.File.Exists(File));
        Assert.Equal(0, store.Adopt(null));
        Assert.False(store.AwaitsStatus);
        store.Save();
        Assert.True(System.IO.File.Exists(File));
        Close();
        Assert.False(Open(Host(), statusWillCome: true).AwaitsStatus);
    }

    [Fact]
    public void The_first_value_stays_and_what_shall_become_of_it_follows_the_plan()
    {
        var store = Open();
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Note(Key, 99, RemovalPolicy.Keep, "b");
        store.Save();
        Close();
        var kept = Open().Get(Key)!;
        Assert.Equal((30L, RemovalPolicy.Keep, "b"), (kept.Value, kept.OnRemoval, kept.Policy));
    }

    [Theory]
    [InlineData(RemovalPolicy.Keep, "a")]
    [InlineData(RemovalPolicy.Restore, "b")]
    public void Either_change_of_a_plan_is_written(RemovalPolicy onRemoval, string policy)
    {
        var store = Open();
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Save();
        store.Note(Key, 31, onRemoval, policy);
        store.Save();
        Close();
        var kept = Open().Get(Key)!;
        Assert.Equal((30L, onRemoval, policy), (kept.Value, kept.OnRemoval, kept.Policy));
    }

    [Fact]
    public void Where_nothing_changed_nothing_is_written()
    {
        var store = Open();
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Save();
        System.IO.File.Delete(File);
        store.Note(Key, 40, RemovalPolicy.Restore, "a");
        store.Forget("nf_conntrack_acct");
        store.Save();
        Assert.False(System.IO.File.Exists(File));

        // Until somebody looks whether it is still there.
        store.CheckFile();
        store.Save();
        Close();
        Assert.Equal(30, Open().Find(Key));
    }

    [Fact]
    public void A_failed_save_takes_notes_and_forgetting_back()
    {
        var store = Open();
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Save();
        Directory.CreateDirectory(File + ".new");
        store.Forget(Key);
        store.Note("nf_conntrack_acct", 0, RemovalPolicy.Restore, "a");
        Assert.ThrowsAny<IOException>(store.Save);
        Assert.Equal([Key], store.Names);
        Directory.Delete(File + ".new");
        store.Forget(Key);
        store.Save();
        Assert.Empty(store.Names);
        Close();
        Assert.Empty(Open().Names);
    }

    [Fact]
    public void A_failed_save_does_not_take_back_what_the_status_told()
    {
        var store = Open();
        store.Adopt(Status("boot-1", "400", null, new SettingStatus { Name = Key, Original = 30 }));
        Directory.CreateDirectory(File + ".new");
        Assert.ThrowsAny<IOException>(store.Save);
        Assert.Equal(30, store.Find(Key));
    }

    [Fact]
    public void To_restore_all_is_to_keep_nothing_as_it_is()
    {
        var store = Open();
        store.Note(Key, 30, RemovalPolicy.Keep, "a");
        store.Note("nf_conntrack_acct", 0, RemovalPolicy.Restore, null);
        store.RestoreAll();
        store.Save();
        Close();
        store = Open();
        Assert.Equal((30L, RemovalPolicy.Restore, "a"), (store.Get(Key)!.Value, store.Get(Key)!.OnRemoval, store.Get(Key)!.Policy));
        Assert.Equal(RemovalPolicy.Restore, store.Get("nf_conntrack_acct")!.OnRemoval);
    }

    [Fact]
    public void A_directory_that_is_deleted_meanwhile_is_made_and_locked_again()
    {
        var store = Open();
        store.Save();
        _root.Delete(recursive: true);
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Save();
        Assert.True(System.IO.File.Exists(Path.Combine(_root.FullName, "lock")));
        Close();
        Assert.Equal(30, Open().Find(Key));
    }

    [Fact]
    public void A_status_without_settings_tells_of_no_original()
    {
        var store = Open();
        Assert.Equal(0, store.Adopt(Status("boot-1", "400", null) with { Settings = null }));
        Assert.False(store.IsFresh);
    }

    [Fact]
    public void Who_only_looks_writes_nothing()
    {
        using var state = StateDirectory.OpenReadOnly(_root.FullName);
        var store = new OriginalsStore(state, Host(), statusWillCome: false);
        Assert.True(store.IsReadOnly);
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.CheckFile();
        store.Save();
        Assert.Empty(_root.GetFileSystemInfos());
    }

    [Fact]
    public void Which_file_could_not_be_read_is_told_by_its_whole_path()
    {
        System.IO.File.WriteAllText(File, "{");
        var store = Open();
        Assert.StartsWith($"{File} can't be read", store.Unknown, StringComparison.Ordinal);
        store.Note(Key, 30, RemovalPolicy.Restore, "a");
        store.Save();
        Assert.Equal($"{File}.corrupt could not be read, so what keys held that it knew of is not known", store.Unknown);
        Close();
        store = Open();
        Assert.Equal((null, 30L), (store.Problem, store.Find(Key)));
        Assert.StartsWith($"{File}.corrupt could not be read", store.Unknown, StringComparison.Ordinal);
    }

    private static HostFacts Host(string cookie = "", string inode = "400", bool isInitial = false) =>
        new("6.18.0", "boot-1", inode, 2, 1 << 30, "host") { NetworkNamespaceCookie = cookie, IsInitialNetworkNamespace = isInitial };

    private static NodeStatus Status(string boot, string? inode, string? cookie, params SettingStatus[] settings) => new()
    {
        Node = new NodeFactsStatus { BootId = boot, NetworkNamespace = inode, NetworkNamespaceCookie = cookie },
        Settings = [.. settings],
    };

    private OriginalsStore Open(HostFacts? host = null, bool statusWillCome = false)
    {
        var state = StateDirectory.Open(_root.FullName);
        _open.Add(state);
        return new OriginalsStore(state, host ?? Host(), statusWillCome);
    }

    private void Close()
    {
        _open.ForEach(o => o.Dispose());
        _open.Clear();
    }

    private void Write(JsonObject file)
    {
        file["originals"] = new JsonObject { [Key] = new JsonObject { ["value"] = 30 } };
        System.IO.File.WriteAllText(File, file.ToJsonString());
    }
}

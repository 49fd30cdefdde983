using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Host;

public sealed class NamespaceTablesTests
{
    [Fact]
    public void Rows_are_added_up_and_a_lost_race_is_not_taken_for_a_full_table()
    {
        var read = NamespaceTables.Parse(
            "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new "u8
                + "expect_create expect_delete search_restart\n"u8
            + "00004e16  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000003 00000013 00000002 00000000  "u8
            + "00000000 00000000 00000000 00000000\n"u8
            + "00004e16  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000001 00000005 00000000  "u8
            + "00000000 00000000 00000000 00000000\n"u8);
        Assert.Equal((19990L, 16L, 7L), read);
        Assert.Null(NamespaceTables.Parse("entries drop\n"u8));
        Assert.Null(NamespaceTables.Parse(""u8));
    }

    [Fact]
    public void An_insertion_that_failed_for_a_long_chain_is_no_race_and_columns_that_are_not_there_count_nothing()
    {
        // The kernel names chaintoolong so in this file. Twenty dropped, seven insertions that failed, five for a long chain: two races.
        Assert.Equal((5L, 18L, 0L), NamespaceTables.Parse("entries insert_failed drop early_drop chainlength\n5 4 a 0 2\n5 3 a 0 3\n"u8));
        Assert.Equal((5L, 10L, 1L), NamespaceTables.Parse("entries drop early_drop\n5 a 1\n"u8));
        Assert.Equal((5L, 10L, 0L), NamespaceTables.Parse("entries drop early_drop\n5 a\n"u8));
        Assert.Equal((5L, 0L, 0L), NamespaceTables.Parse("entries insert_failed drop early_drop\n5 ff a 0\n"u8));
    }

    [Theory]
    [InlineData(
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2f0c9c2e_5a1b_4c3d_9e8f_0123456789ab.slice/"
            + "cri-containerd-aa.scope", "2f0c9c2e-5a1b-4c3d-9e8f-0123456789ab")]
    [InlineData("11:net_cls:/kubepods/besteffort/pod2f0c9c2e-5a1b-4c3d-9e8f-0123456789ab/x", "2f0c9c2e-5a1b-4c3d-9e8f-0123456789ab")]
    [InlineData("0::/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope", "0123456789ab")]
    [InlineData("0::/user.slice", null)]
    public void A_pod_is_told_by_its_cgroup(string cgroup, string? pod) => Assert.Equal(pod, NamespaceTables.Pod(cgroup));

    [Fact]
    public void Another_namespace_is_found_by_a_process_in_it_with_its_own_count()
    {
        NetworkNamespace.Require("conntrack", "sleep");
        using var space = new NetworkNamespace();
        space.Execute(
            "conntrack", "-I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -t 600 -u ASSURED,SEEN_REPLY");
        using var process = space.Run(() => System.Diagnostics.Process.Start("/usr/bin/sleep", "60"))!;
        try
        {
            var inode = new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget!["net:[".Length..^1];
            var found = new NamespaceTables().Read()
                .Single(table => table.Inode.ToString(System.Globalization.CultureInfo.InvariantCulture) == inode);
            Assert.Equal(1, found.Entries);
            Assert.NotNull(found.Pid);
        }
        finally
        {
            process.Kill();
        }
    }
}

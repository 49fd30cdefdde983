using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Flows;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>
/// Random tables and matches on the kernels that there are: what does not match stays, whatever a kernel makes of a filter.
/// </summary>
public sealed class FilteredFlushTests
{
    private const int Rounds = 400;

    public static TheoryData<string> Kernels => [.. KernelVersion.All.Select(v => v.Name)];

    public static TheoryData<string> KernelsWithoutFlush => [.. KernelVersion.All.Where(v => !v.FlushesByFilter).Select(v => v.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_does_not_match_stays_and_what_matches_goes(string name)
    {
        var version = Version(name);
        using var tree = new TestTree.Temporary();
        var byKernel = 0;
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new RandomMatches(seed);
            var (table, match) = (random.Table(60), random.Match());
            var kernel = new PlayedKernel(version, table);
            tree.File("nf_conntrack_count", $"{table.Count}\n");

            var result = new FlowDeleter(kernel.Open, new SysctlDirectory(tree.Root), null).Delete(match, dryRun: false);

            var meant = table.Where(e => RandomMatches.Means(match, e)).ToList();
            var kept = version.KeepsOffloaded ? meant.Where(e => (e.Status & FlowStatus.Offload) != 0).ToList() : [];
            Assert.True(
                table.Except(meant).All(kernel.Table.Contains),
                $"seed {seed}: {match} took {string.Join("; ", table.Except(meant).Except(kernel.Table))}");
            Assert.True(
                kernel.Table.Count == table.Count - meant.Count + kept.Count,
                $"seed {seed}: {match} left {string.Join("; ", meant.Except(kept).Intersect(kernel.Table))}");
            Assert.Equal(
                (seed, meant.Count, meant.Count - kept.Count, kept.Count, 0),
                (seed, (int)result.Matched, (int)result.Deleted, (int)result.Offloaded, (int)result.Failed));
            Assert.Equal(0, kernel.Bare);
            Assert.True(
                version.FlushesByFilter || kernel.Flushes == 0, $"seed {seed}: {match} was flushed by a kernel that has no such thing");
            Assert.True(result.ByKernel || kernel.Flushes == 0, $"seed {seed}: {match} was flushed and it is not said");
            byKernel += result.ByKernel ? 1 : 0;
        }

        // Where the kernel can, it does: else all of this would show nothing.
        Assert.InRange(byKernel, version.FlushesByFilter ? Rounds / 20 : 0, version.FlushesByFilter ? Rounds : 0);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Reading_gives_what_matches_whatever_the_kernel_leaves_out(string name)
    {
        var version = Version(name);
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new RandomMatches(seed);
            var (table, match) = (random.Table(60), random.Match());
            Assert.Equal(
                (seed, table.Count(e => RandomMatches.Means(match, e))),
                (seed, (int)new FlowCounter(new PlayedKernel(version, table).Open).Count(match)!.Value));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void No_kernel_loses_an_entry_to_the_requests_that_find_out_what_it_can(string name)
    {
        var version = Version(name);
        var table = new RandomMatches(1).Table(60);
        var kernel = new PlayedKernel(version, table);
        Assert.Equal(version.FlushesByFilter, FilterProbe.Ask(kernel.Open, KernelFilters.Flush));
        Assert.Equal(version.ComparesStatus, FilterProbe.Ask(kernel.Open, KernelFilters.Status));
        Assert.Equal(version.ComparesZone, FilterProbe.Ask(kernel.Open, KernelFilters.Zone));
        Assert.Equal((table.Count, 0), (kernel.Table.Count, kernel.Flushes));
    }

    [Theory]
    [MemberData(nameof(KernelsWithoutFlush))]
    public void Even_without_asking_first_no_kernel_that_does_not_delete_by_filters_loses_what_does_not_match(string name)
    {
        var version = Version(name);
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new RandomMatches(seed);
            var (table, match) = (random.Table(60), random.Match());
            var kernel = new PlayedKernel(version, table);
            foreach (var filter in KernelFilter.Of(new FlowFilter { Match = match }))
            {
                var request = new byte[FlushRequest.MaxBytes];
                using var transport = kernel.Open();
                transport.Send(request.AsSpan(0, FlushRequest.Write(request, filter, 1)));
            }

            Assert.Equal((seed, table.Count), (seed, kernel.Table.Count));
        }
    }

    [Fact]
    public void A_zone_is_not_trusted_to_a_kernel_before_it_was_seen_to_leave_out_another()
    {
        // Only zone 5 is there, and a kernel that passes over the zone; an entry of zone 6 comes just before the flush.
        var kernel = new PlayedKernel(Version("6.1 with the flush alone"), [new FlowCase { Zone = 5 }]);
        kernel.BeforeFlush = () => kernel.Table.Add(new FlowCase { Zone = 6 });
        var result = Delete(kernel, new FlowMatch { Zone = 5 });
        Assert.Equal((1L, false, 0), (result.Deleted, result.ByKernel, kernel.Table.Count));
    }

    [Fact]
    public void A_status_is_not_trusted_to_a_kernel_that_does_not_refuse_a_mask_alone()
    {
        var kernel = new PlayedKernel(Version("5.10 with the flush alone"), [new FlowCase { Status = FlowStatus.Confirmed }]);
        kernel.BeforeFlush = () => kernel.Table.Add(new FlowCase { SourcePort = 1 });
        var result = Delete(kernel, new FlowMatch { Unreplied = true });
        Assert.Equal((1L, false, 0), (result.Deleted, result.ByKernel, kernel.Flushes));
    }

    [Fact]
    public void An_entry_that_comes_just_before_the_flush_goes_if_it_matches_and_stays_if_not()
    {
        var kernel = new PlayedKernel(Version("6.12"), [new FlowCase { Protocol = 17, DestinationPort = 53 }, new FlowCase()]);
        kernel.BeforeFlush = () => kernel.Table.AddRange(
            [new FlowCase { Protocol = 17, DestinationPort = 54 }, new FlowCase { Protocol = 17, DestinationPort = 53, SourcePort = 1 }]);
        var result = Delete(kernel, new FlowMatch { Protocol = 17, DestinationPort = 53 });
        Assert.True(result.ByKernel);
        Assert.Equal([(6, 443), (17, 54)], kernel.Table.Select(e => ((int)e.Protocol, (int)e.DestinationPort)));
    }

    [Fact]
    public void More_than_can_be_counted_are_what_the_kernels_own_count_fell_by_and_it_is_said()
    {
        var table = Enumerable.Range(0, 100)
            .Select(i => new FlowCase { Protocol = 17, DestinationPort = 53, SourcePort = (ushort)i }).Append(new FlowCase()).ToList();
        var kernel = new PlayedKernel(Version("6.12"), table);
        var predicate = new FlowPredicate(new FlowFilter { Match = new FlowMatch { Protocol = 17, DestinationPort = 53 } }, null);
        var filters = KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Protocol = 17, DestinationPort = 53 } });
        FlushOutcome? Run(int most, Func<long?> count) =>
            new FilteredFlush(kernel.Open, predicate, FlowFields.All, count, most).TryRun(filters, default);

        // Without the kernel's count nothing would be known of it.
        Assert.Null(Run(99, () => null));
        Assert.Equal(101, kernel.Table.Count);
        Assert.Equal(new FlushOutcome(101, 100, 100, 0, true, null), Run(99, () => kernel.Table.Count));
        Assert.Single(kernel.Table);

        kernel.Table.AddRange(table[..100]);
        Assert.Equal(new FlushOutcome(101, 100, 100, 0, false, null), Run(101, () => 101));
    }

    [Fact]
    public void When_the_second_version_of_IP_is_refused_what_went_of_the_first_is_told_with_the_refusal()
    {
        var kernel = BothVersions();
        kernel.RefusesToFlush = family => family == Native.AF_INET6 ? Errno.ENOBUFS : 0;
        var result = Delete(kernel, new FlowMatch { Protocol = 17 });
        Assert.Equal((5L, 3L, false, false), (result.Matched, result.Deleted, result.Approximate, result.Complete));
        Assert.Contains(Errno.Describe(Errno.ENOBUFS), result.Stopped, StringComparison.Ordinal);
        Assert.Equal(["10.0.0.1 6", "2001:db8::1 17", "2001:db8::1 17"], kernel.Table.Select(e => $"{e.Source} {e.Protocol}").Order());
    }

    [Fact]
    public void When_nobody_says_whether_the_second_was_flushed_the_kernels_count_tells_what_went()
    {
        var kernel = BothVersions();
        kernel.SilentAfterFlush = Native.AF_INET6;
        using var tree = new TestTree.Temporary();
        tree.File("nf_conntrack_count", "6\n");
        kernel.BeforeFlush = () => tree.File("nf_conntrack_count", "1\n");
        var result = new FlowDeleter(kernel.Open, new SysctlDirectory(tree.Root), null)
            .Delete(new FlowMatch { Protocol = 17 }, dryRun: false);
        Assert.Equal((5L, 5L, true, false), (result.Matched, result.Deleted, result.Approximate, result.Complete));
        Assert.Contains(Errno.Describe(Errno.ETIMEDOUT), result.Stopped, StringComparison.Ordinal);
        Assert.Single(kernel.Table);
    }

    [Fact]
    public void A_kernel_that_refuses_the_first_flush_has_its_entries_deleted_one_by_one()
    {
        var kernel = BothVersions();
        kernel.RefusesToFlush = _ => Errno.EOPNOTSUPP;
        var result = Delete(kernel, new FlowMatch { Protocol = 17 });
        Assert.Equal((5L, false, (string?)null, true), (result.Deleted, result.ByKernel, result.Stopped, result.Complete));
        Assert.Single(kernel.Table);
    }

    [Fact]
    public void A_dump_that_breaks_off_after_entries_were_deleted_does_not_take_their_number_with_it()
    {
        var kernel = BothVersions();
        kernel.DumpsEndWith = Errno.ENOMEM;
        var result = Delete(kernel, new FlowMatch { States = ["ESTABLISHED"], Protocol = 6 });
        Assert.Equal((1L, 1L, false), (result.Matched, result.Deleted, result.Complete));
        Assert.Contains(Errno.Describe(Errno.ENOMEM), result.Stopped, StringComparison.Ordinal);

        // Where nothing was deleted it is an error, as ever.
        Assert.Throws<NetlinkException>(() => Delete(kernel, new FlowMatch { States = ["ESTABLISHED"], Protocol = 6 }));
    }

    [Theory]
    [InlineData(1, 8, 0, 7)]
    [InlineData(58, 128, 0, 7)]
    public void Type_code_and_identifier_are_the_kernels_to_compare_in_either_direction(byte protocol, byte type, byte code, ushort id)
    {
        var filters = KernelFilter.Of(
            new FlowFilter { Match = new FlowMatch { Protocol = protocol, Icmp = new(type, code, id), ReplyIcmp = new(Id: 9) } },
            readsReplyTuple: true);
        Assert.All(
            filters,
            f => Assert.Equal((true, new IcmpMatch(type, code, id), new IcmpMatch(Id: 9)), (f.DecidesAll, f.Original.Icmp, f.Reply.Icmp)));

        // Without the protocol, or with another one, it can't be told what to compare; GRE's keys never are.
        Assert.All(KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Icmp = new(type) } }), f => Assert.False(f.DecidesAll));
        Assert.All(
            KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Protocol = 6, Icmp = new(type) } }), f => Assert.False(f.DecidesAll));
        Assert.All(
            KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Protocol = 47, Gre = new(1) } }), f => Assert.False(f.DecidesAll));
    }

    [Fact]
    public void What_a_kernel_keeps_for_its_flow_table_is_told_as_kept_and_not_as_deleted()
    {
        var kernel = new PlayedKernel(
            new KernelVersion("keeps") { DumpsByFilter = true, ComparesStatus = true, FlushesByFilter = true, KeepsOffloaded = true },
            [new FlowCase(), new FlowCase { SourcePort = 1, Status = FlowStatus.Confirmed | FlowStatus.Offload }]);
        var result = Delete(kernel, new FlowMatch { Protocol = 6 });
        Assert.Equal((true, 2L, 1L, 1L), (result.ByKernel, result.Matched, result.Deleted, result.Offloaded));
        Assert.Equal(1, Assert.Single(kernel.Table).SourcePort);
    }

    [Fact]
    public void Answers_are_asked_for_once_and_kept()
    {
        var store = new Store();
        var kernel = new PlayedKernel(Version("6.12"), [new FlowCase()]);
        var opened = 0;
        bool Covers() => new FilterSupport(store).Covers(
            () =>
            {
                opened++;
                return kernel.Open();
            },
            KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Zone = 5, Unreplied = true } }));
        Assert.True(Covers());
        Assert.Equal(KernelFilters.Flush | KernelFilters.Status | KernelFilters.Zone, store.Kept.Present);
        var asked = opened;
        Assert.True(Covers());
        Assert.Equal((5, 5), (asked, opened));
    }

    [Fact]
    public void An_empty_table_says_nothing_of_zones_and_is_asked_again()
    {
        var store = new Store();
        var kernel = new PlayedKernel(Version("6.12"), []);
        var zone = KernelFilter.Of(new FlowFilter { Match = new FlowMatch { Zone = 5 } });
        Assert.False(new FilterSupport(store).Covers(kernel.Open, zone));
        Assert.Equal(new FilterAnswers(KernelFilters.Flush, KernelFilters.Flush), store.Kept);
        kernel.Table.Add(new FlowCase());
        Assert.True(new FilterSupport(store).Covers(kernel.Open, zone));
    }

    [Fact]
    public void A_kernel_of_which_the_reply_tuple_is_not_to_be_trusted_is_not_asked_for_it()
    {
        var filter = new FlowFilter
        {
            Match = new FlowMatch { ReplySource = new FlowNetwork(FlowAddress.V4(1), 32), Protocol = 6, ReplySourcePort = 53 },
        };
        var reading = KernelFilter.Of(filter, readsReplyTuple: true)[0];
        Assert.Equal((true, true), (reading.DecidesAll, reading.Reply.HasProtocolParts));
        var before = Assert.Single(KernelFilter.Of(filter, readsReplyTuple: false));
        Assert.Equal((false, default(TupleFilter), (byte?)6), (before.DecidesAll, before.Reply, before.Protocol));
    }

    private static DeleteResult Delete(PlayedKernel kernel, FlowMatch match)
    {
        using var tree = new TestTree.Temporary();
        tree.File("nf_conntrack_count", "10\n");
        return new FlowDeleter(kernel.Open, new SysctlDirectory(tree.Root), null).Delete(match, dryRun: false);
    }

    private static PlayedKernel BothVersions() => new(Version("6.12"),
    [
        new FlowCase { Status = FlowStatus.SeenReply | FlowStatus.Confirmed },
        .. Enumerable.Range(1, 3).Select(i => new FlowCase { Protocol = 17, SourcePort = (ushort)i }),
        .. Enumerable.Range(1, 2)
        .Select(i => new FlowCase { Protocol = 17, SourcePort = (ushort)i, Source = "2001:db8::1", Destination = "2001:db8::9" }),
    ]);

    private static KernelVersion Version(string name) => KernelVersion.All.Single(v => v.Name == name);

    private sealed class Store : IFilterStore
    {
        internal FilterAnswers Kept { get; private set; }

        public FilterAnswers Load() => Kept;

        public void Keep(FilterAnswers answers) => Kept = answers;
    }
}

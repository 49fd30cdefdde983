using System.Buffers.Binary;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.Netfilter.Tests.Netlink;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>What the kernel's lists of time-out objects and flow tables are understood to say.</summary>
public sealed class TimeoutObjectsTests
{
    private const byte Tcp = 6;
    private const byte Udp = 17;

    [Fact]
    public void Objects_of_both_kinds_count_under_the_sysctls_whose_place_they_take()
    {
        var found = List(
            [Answer(CtTimeout(Udp, (1, 20), (2, 60)), CtTimeout(Tcp, (3, 7200), (10, 100))), Answer(FakeTransport.Done())],
            [Answer(NftTimeout(Tcp, (3, 600), (9, 5)), FakeTransport.Done())],
            [Answer(FakeTransport.Done())]);
        Assert.Equal(
            [
                (SysctlNames.TcpTimeoutEstablished, 600L),
                (SysctlNames.TcpTimeoutEstablished, 7200L),
                (SysctlNames.TcpTimeoutMaxRetransmit, 100L),
                (SysctlNames.UdpTimeout, 20L),
                (SysctlNames.UdpTimeoutStream, 60L),
                (TimeoutKeys.TcpSynSent2, 5L),
            ],
            found.Values.Order());
        Assert.Equal((0, true, false), (found.Unclear.Count, found.IsComplete, found.HasFlowTables));
    }

    [Fact]
    public void Of_nf_tables_objects_only_time_outs_are_asked_for_and_taken()
    {
        List<FakeTransport> opened = [];
        var counter = Nft(
            Cttimeout.NFT_MSG_NEWOBJ,
            [.. Long(Cttimeout.NFTA_OBJ_TYPE, 1), .. Data(Cttimeout.NFTA_OBJ_DATA, FakeTransport.Attribute(2, [Tcp]))]);
        var found = ListFrom(
            opened, [Answer(FakeTransport.Done())], [Answer(counter, FakeTransport.Done())], [Answer(FakeTransport.Done())]);
        Assert.Equal((0, 0, true), (found.Values.Count, found.Unclear.Count, found.IsComplete));

        Assert.Equal(
            [(8 << 8) | 1, (10 << 8) | 19, (10 << 8) | 23], opened.Select(o => (int)BitConverter.ToUInt16(Assert.Single(o.Sent), 4)));
        Assert.All(opened, o => Assert.Equal(Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, BitConverter.ToUInt16(o.Sent[0], 6)));
        Assert.Equal([20, 28, 20], opened.Select(o => o.Sent[0].Length));
        Assert.Equal(Long(Cttimeout.NFTA_OBJ_TYPE, 7), opened[1].Sent[0][20..]);
        Assert.All(opened, o => Assert.True(o.Disposed));
    }

    [Fact]
    public void A_flow_table_is_seen()
    {
        var found = List(
            [Answer(FakeTransport.Done())], [Answer(FakeTransport.Done())],
            [Answer(Nft(Cttimeout.NFT_MSG_NEWFLOWTABLE, []), FakeTransport.Done())]);
        Assert.Equal((true, true), (found.HasFlowTables, found.IsComplete));
    }

    [Fact]
    public void What_of_an_object_is_not_understood_makes_its_protocol_unclear()
    {
        var unknown = List([Answer(CtTimeout(Udp, (1, 20), (3, 5)), FakeTransport.Done())], Nothing, Nothing);
        Assert.Equal(
            (Udp, (SysctlNames.UdpTimeout, 20L), true),
            (Assert.Single(unknown.Unclear), Assert.Single(unknown.Values), unknown.IsComplete));

        var empty = List([Answer(CtTimeout(Tcp), FakeTransport.Done())], Nothing, Nothing);
        Assert.Equal((Tcp, true), (Assert.Single(empty.Unclear), empty.IsComplete));

        var cut = List([Answer(CtTimeout([Tcp], [.. Long(3, 7200), 8, 0, 4]), FakeTransport.Done())], Nothing, Nothing);
        Assert.Equal((Tcp, (SysctlNames.TcpTimeoutEstablished, 7200L)), (Assert.Single(cut.Unclear), Assert.Single(cut.Values)));
    }

    [Fact]
    public void An_object_that_names_no_protocol_or_is_no_message_at_all_makes_the_list_incomplete()
    {
        Assert.False(List([Answer(CtTimeout([], Long(1, 20)), FakeTransport.Done())], Nothing, Nothing).IsComplete);
        Assert.False(
            List(
                [Answer(FakeTransport.Message(8 << 8, [0, 0], flags: Nl.NLM_F_MULTI), FakeTransport.Done())], Nothing, Nothing).IsComplete);
        var broken = FakeTransport.Message(
            8 << 8, [0, 0, 0, 0, .. FakeTransport.Attribute(Cttimeout.CTA_TIMEOUT_L4PROTO, [Tcp]), 9, 0, 1], flags: Nl.NLM_F_MULTI);
        Assert.False(List([Answer(broken, FakeTransport.Done())], Nothing, Nothing).IsComplete);
    }

    [Theory]
    [InlineData(Errno.EINVAL, true, 1)]
    [InlineData(Errno.EOPNOTSUPP, true, 1)]
    [InlineData(Errno.EPROTONOSUPPORT, true, 1)]
    [InlineData(Errno.EAFNOSUPPORT, true, 1)]
    [InlineData(Errno.EPERM, false, 1)]
    [InlineData(Errno.ENOBUFS, false, 3)]
    public void A_kernel_without_the_subsystem_has_no_objects_and_any_other_error_leaves_them_unknown(int errno, bool complete, int asked)
    {
        List<FakeTransport> opened = [];
        var refusals = Enumerable.Repeat<byte[][]>([Answer(FakeTransport.Error(errno))], asked);
        Assert.Equal(complete, ListFrom(opened, [.. refusals, Nothing, Nothing]).IsComplete);
        Assert.Equal(asked + 2, opened.Count);
    }

    [Fact]
    public void What_the_kernel_turned_out_to_lack_is_not_asked_for_again()
    {
        var absent = new HashSet<(byte Subsystem, ushort Operation)>();
        List<FakeTransport> opened = [];
        var sockets = new Queue<FakeTransport>(
            new[] { [Answer(FakeTransport.Error(Errno.EINVAL))], Nothing, Nothing, Nothing, Nothing }.Select(Joined));
        for (var i = 0; i < 2; i++)
        {
            TimeoutObjects.List(
                () =>
                {
                    opened.Add(sockets.Dequeue());
                    return opened[^1];
                },
                absent: absent);
        }

        Assert.Equal(
            [(8 << 8) | 1, (10 << 8) | 19, (10 << 8) | 23, (10 << 8) | 19, (10 << 8) | 23],
            opened.Select(o => (int)BitConverter.ToUInt16(Assert.Single(o.Sent), 4)));
    }

    /// <summary>The kernel's answers to RTM_GETACTION for a number that no action has: tcf_action_get_1 in net/sched/act_api.c.</summary>
    [Theory]
    [InlineData(Errno.ENOENT, true)]
    [InlineData(Errno.EINVAL, false)]
    [InlineData(Errno.EOPNOTSUPP, false)]
    [InlineData(Errno.EPERM, true)]
    public void Where_the_kernel_has_traffic_controls_action_ct_there_may_be_flow_tables_that_nobody_lists(int errno, bool mayBe)
    {
        var route = new FakeTransport().Answer(FakeTransport.Error(errno));
        var found = TimeoutObjects.List(() => Joined(Nothing), () => route);
        Assert.Equal((mayBe, true, true), (found.HasFlowTables, found.IsComplete, route.Disposed));
        var sent = Assert.Single(route.Sent);
        Assert.Equal(
            (sent.Length, Nl.NLM_F_REQUEST, 50),
            (BitConverter.ToInt32(sent), (int)BitConverter.ToUInt16(sent, 6), (int)BitConverter.ToUInt16(sent, 4)));
    }

    [Fact]
    public void Where_traffic_control_can_not_be_asked_or_says_something_else_there_may_be_flow_tables()
    {
        Assert.True(TimeoutObjects.List(() => Joined(Nothing), () => new FakeTransport().Fail(Errno.ENOBUFS)).HasFlowTables);
        Assert.True(TimeoutObjects.List(() => Joined(Nothing), () => new FakeTransport().Answer([])).HasFlowTables);
        Assert.True(
            TimeoutObjects.List(() => Joined(Nothing), () => new FakeTransport().Answer(FakeTransport.Message(48, new byte[4])))
                .HasFlowTables);
        Assert.False(TimeoutObjects.List(() => Joined(Nothing)).HasFlowTables);
    }

    [Fact]
    public void This_kernel_tells_an_action_that_it_has_from_one_that_it_has_not()
    {
        NetworkNamespace.Require("tc");
        using var space = new NetworkNamespace();
        space.Run(() =>
        {
            // By its use the action is there, built in or as a module.
            space.ExecuteHere("sh", "-c \"tc actions add action mirred egress redirect dev lo || true\"");
            Assert.SkipUnless(
                space.ExecuteHere("tc", "actions list action mirred").Contains("mirred", StringComparison.Ordinal),
                "This kernel has no action mirred (CONFIG_NET_ACT_MIRRED).");
            Assert.True(TimeoutObjects.MayHaveAction(NetlinkSocket.OpenRoute, "mirred\0"u8));
            Assert.False(TimeoutObjects.MayHaveAction(NetlinkSocket.OpenRoute, "nosuch\0"u8));
        });
    }

    /// <summary>Without the number the kernel would refuse an action that it has as one that it has not.</summary>
    [Fact]
    public void Traffic_controls_action_is_asked_for_by_its_name_and_a_number_that_none_has()
    {
        var transport = new FakeTransport().Answer(FakeTransport.Error(Errno.ENOENT));
        Assert.True(TimeoutObjects.MayHaveAction(() => transport, "ct\0"u8));
        byte[] action = [
            .. FakeTransport.Attribute(TcActions.TCA_ACT_KIND, "ct\0"u8.ToArray()),
            .. FakeTransport.Attribute(TcActions.TCA_ACT_INDEX, [0xFF, 0xFF, 0xFF, 0xFF])];
        Assert.Equal(
            FakeTransport.Message(
                TcActions.RTM_GETACTION,
                [
                    0, 0, 0, 0,
                    .. FakeTransport.Attribute(
                        Nl.NLA_F_NESTED | TcActions.TCA_ACT_TAB, FakeTransport.Attribute(Nl.NLA_F_NESTED | 1, action)),
                ],
                flags: Nl.NLM_F_REQUEST, port: 0),
            Assert.Single(transport.Sent));
    }

    [Fact]
    public void What_is_no_refusal_of_the_kind_may_be_an_action()
    {
        Assert.False(May(FakeTransport.Error(Errno.EINVAL)));
        Assert.False(May(FakeTransport.Error(Errno.EOPNOTSUPP)));
        Assert.True(May(FakeTransport.Error(Errno.EPERM)));
        Assert.True(May(FakeTransport.Message(TcActions.RTM_GETACTION, BitConverter.GetBytes(-Errno.EINVAL))));
        Assert.True(May([]));

        static bool May(byte[] answer) => TimeoutObjects.MayHaveAction(() => new FakeTransport().Answer(answer), "ct\0"u8);
    }

    [Fact]
    public void A_list_that_lost_messages_or_changed_amid_the_reading_is_asked_for_again()
    {
        byte[][] lost = [Answer(FakeTransport.Error(Errno.ENOBUFS))];
        byte[][] changed = [Answer(FakeTransport.Done(flags: Nl.NLM_F_MULTI | Nl.NLM_F_DUMP_INTR))];
        var found = List(lost, changed, [Answer(CtTimeout(Udp, (1, 20)), FakeTransport.Done())], Nothing, Nothing);
        Assert.Equal((true, 1), (found.IsComplete, found.Values.Count));
        Assert.False(List(changed, changed, changed, Nothing, Nothing).IsComplete);
    }

    /// <summary>The kernel's enum ctattr_timeout_* of each protocol, from linux/netfilter/nfnetlink_cttimeout.h.</summary>
    [Theory]
    [InlineData(Tcp, "syn_sent syn_recv established fin_wait close_wait last_ack time_wait close - max_retrans unacknowledged")]
    [InlineData(
        132, "closed cookie_wait cookie_echoed established shutdown_sent shutdown_recd shutdown_ack_sent heartbeat_sent heartbeat_acked")]
    [InlineData(33, "request respond partopen open closereq closing timewait")]
    public void Attributes_have_the_kernels_numbers(byte protocol, string names)
    {
        var prefix =
            protocol switch { Tcp => "nf_conntrack_tcp_timeout_", 132 => "nf_conntrack_sctp_timeout_", _ => "nf_conntrack_dccp_timeout_" };
        var expected = names.Split(' ').Select(n => n == "-" ? TimeoutKeys.TcpSynSent2 : prefix + n).ToList();
        Assert.Equal(expected, Enumerable.Range(1, expected.Count).Select(i => TimeoutKeys.OfObject(protocol, i)));
        Assert.Equal((null, null), (TimeoutKeys.OfObject(protocol, 0), TimeoutKeys.OfObject(protocol, expected.Count + 1)));
    }

    [Theory]
    [InlineData(Udp, "nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream")]
    [InlineData(136, "nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream")]
    [InlineData(47, "nf_conntrack_gre_timeout", "nf_conntrack_gre_timeout_stream")]
    [InlineData(1, "nf_conntrack_icmp_timeout", null)]
    [InlineData(58, "nf_conntrack_icmpv6_timeout", null)]
    [InlineData(255, "nf_conntrack_generic_timeout", null)]
    public void So_have_those_of_protocols_without_states(byte protocol, string first, string? second) => Assert.Equal(
        (null, first, second, null),
        (TimeoutKeys.OfObject(protocol, 0), TimeoutKeys.OfObject(protocol, 1), TimeoutKeys.OfObject(protocol, 2),
        TimeoutKeys.OfObject(protocol, 3)));

    private static byte[][] Nothing => [Answer(FakeTransport.Done())];

    private static TimeoutObjects List(params byte[][][] dumps) => ListFrom([], dumps);

    /// <summary>Lists from sockets of which each gives the answers of one dump.</summary>
    private static TimeoutObjects ListFrom(List<FakeTransport> opened, params byte[][][] dumps)
    {
        var sockets = new Queue<FakeTransport>(dumps.Select(Joined));
        return TimeoutObjects.List(() =>
        {
            opened.Add(sockets.Dequeue());
            return opened[^1];
        });
    }

    private static FakeTransport Joined(byte[][] datagrams)
    {
        var all = new FakeTransport();
        foreach (var datagram in datagrams)
        {
            all.Answer(datagram);
        }

        return all;
    }

    private static byte[] Answer(params byte[][] messages) => [.. messages.SelectMany(m => m)];

    private static byte[] CtTimeout(byte protocol, params (ushort Type, uint Seconds)[] policy) =>
        CtTimeout([protocol], [.. policy.SelectMany(p => Long(p.Type, p.Seconds))]);

    private static byte[] CtTimeout(byte[] protocol, byte[] policy) => FakeTransport.Message(
        Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8,
        [
            2, 0, 0, 0, .. FakeTransport.Attribute(1, [.. "policy\0"u8]),
            .. protocol.Length > 0 ? FakeTransport.Attribute(Cttimeout.CTA_TIMEOUT_L4PROTO, protocol) : [],
            .. Data(Cttimeout.CTA_TIMEOUT_DATA, policy),
        ],
        flags: Nl.NLM_F_MULTI);

    private static byte[] NftTimeout(byte protocol, params (ushort Type, uint Seconds)[] policy) => Nft(
        Cttimeout.NFT_MSG_NEWOBJ,
        [
            .. FakeTransport.Attribute(1, [.. "filter\0"u8]), .. Long(Cttimeout.NFTA_OBJ_TYPE, Cttimeout.NFT_OBJECT_CT_TIMEOUT),
            .. Data(
                Cttimeout.NFTA_OBJ_DATA,
                [
                    .. FakeTransport.Attribute(Cttimeout.NFTA_CT_TIMEOUT_L4PROTO, [protocol]),
                    .. Data(Cttimeout.NFTA_CT_TIMEOUT_DATA, [.. policy.SelectMany(p => Long(p.Type, p.Seconds))]),
                ]),
        ]);

    private static byte[] Nft(ushort type, byte[] attributes) =>
        FakeTransport.Message((Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | type, [2, 0, 0, 0, .. attributes], flags: Nl.NLM_F_MULTI);

    private static byte[] Data(int type, byte[] content) => FakeTransport.Attribute(type | Nl.NLA_F_NESTED, content);

    private static byte[] Long(int type, uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return FakeTransport.Attribute(type, bytes);
    }
}

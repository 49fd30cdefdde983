using System.Globalization;
using System.Text;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>Idle times against what really passed.</summary>
[Collection(MachineCollection.Name)]
public sealed class KernelIdleTests(ITestOutputHelper output)
{
    /// <summary>How long the exchanges go on, in seconds; the default is the short form.</summary>
    private const string SecondsVariable = "CONNTRACK_IDLE_SECONDS";

    /// <summary>The seed, to play a run again.</summary>
    private const string SeedVariable = "CONNTRACK_IDLE_SEED";

    // The kernel arms in ticks, of a hundredth of a second at most.
    private const double Tick = 0.02;

    private static readonly string[] _changed =
    [
        SysctlNames.TcpTimeoutEstablished, SysctlNames.TcpTimeoutEstablished, SysctlNames.TcpTimeoutEstablished,
        SysctlNames.TcpTimeoutUnacknowledged, SysctlNames.TcpTimeoutMaxRetransmit, SysctlNames.TcpTimeoutCloseWait,
        SysctlNames.TcpTimeoutFinWait, SysctlNames.TcpTimeoutTimeWait, SysctlNames.TcpTimeoutClose, SysctlNames.UdpTimeout,
        SysctlNames.UdpTimeoutStream,
    ];

    [Fact]
    public void No_idle_time_is_ever_outside_of_its_bounds()
    {
        NetworkNamespace.Require("ip", "nft", "iptables");
        var seconds = Number(SecondsVariable) ?? 30;
        var seed = (int)(Number(SeedVariable) ?? Random.Shared.Next(100_000));
        var random = new Random(seed);
        output.WriteLine($"{SeedVariable}={seed} {SecondsVariable}={seconds}");
        using var path = new NatPath(lossPercent: 4);
        using var tap = new PacketTap(path.Router);
        var sysctls = new SysctlDirectory();
        var watch = new TimeoutWatch(sysctls);
        path.Router.Run(() =>
        {
            sysctls.Write(SysctlNames.TcpTimeoutUnacknowledged, 90);
            sysctls.Write(SysctlNames.TcpTimeoutMaxRetransmit, 70);
            TimeoutPolicies.Add("policy", established: 55, unacknowledged: 25);
            watch.Look();
        });
        path.Router.Execute("iptables", $"-t raw -A PREROUTING -p tcp --dport {RandomTraffic.PolicyPort} -j CT --timeout policy");
        path.Router.Execute("nft", "-f -", $$"""
            table ip path {
              ct timeout object { protocol tcp; l3proto ip; policy = { established: 47, close_wait: 33, close: 7 }; }
              chain early { tcp dport {{RandomTraffic.ObjectPort}} ct timeout set "object"; }
            }
            """);

        using var traffic = new RandomTraffic(path, tap, random);
        var check = new Checks();
        var begun = TimeProvider.System.GetTimestamp();
        var looked = begun;
        var unseen = new HashSet<string>();

        // On a busy machine it goes on until it has seen enough to show something.
        while (TimeProvider.System.GetElapsedTime(begun).TotalSeconds is var passed
            && (passed < seconds || (check.Lacks(seconds) is not null && passed < 20 * seconds)))
        {
            traffic.Step();
            Thread.Sleep(random.Next(4));

            // Never more packets than the tap can hold.
            tap.CatchUp(PacketTap.Now - 0.5);
            if (random.Next(400) == 0)
            {
                // By somebody else, between two looks; a value that comes and goes between two looks can't be known.
                var key = _changed[random.Next(_changed.Length)];
                path.Router.Run(() =>
                {
                    if (!unseen.Add(key))
                    {
                        watch.Glance();
                        unseen.Clear();
                        unseen.Add(key);
                    }

                    sysctls.Write(key, random.Next(2) == 0 ? random.Next(8, 60) : random.Next(60, 900));
                });
            }

            if (TimeProvider.System.GetElapsedTime(looked).TotalSeconds > 0.7)
            {
                Check(path, tap, watch, check);
                unseen.Clear();
                looked = TimeProvider.System.GetTimestamp();
            }
        }

        // And once more when all has been quiet for a while.
        for (var i = 0; i < 6; i++)
        {
            Thread.Sleep(1000);
            Check(path, tap, watch, check);
        }

        output.WriteLine(string.Join(", ", traffic.Steps.Select(s => $"{s.Key} {s.Value}")));
        output.WriteLine(
            $"{check.Made} checks, {check.Skipped} left out since a packet passed meanwhile; by state: "
                + $"{string.Join(", ", check.States.OrderByDescending(s => s.Value).Select(s => $"{s.Key} {s.Value}"))}; "
            + $"{check.Telling} said more than nothing below, {check.Bounded} above");
        Assert.Equal(0u, tap.Dropped());
        Assert.True(check.Wrong.Length == 0, $"{SeedVariable}={seed}:\n{check.Wrong}");
        Assert.Null(check.Lacks(seconds));
    }

    private static void Check(NatPath path, PacketTap tap, TimeoutWatch watch, Checks check) => path.Router.Run(() =>
    {
        // From the first packet on the time-outs were watched, so that what was before needs no care: the bounds must hold all the same.
        var (clock, held) = (watch.Clock(), watch.Clock(assumeHeld: true));
        var before = PacketTap.Now;

        // The first reading takes the kernel's word, the second finds the packets: the tap is behind by a moment.
        var entries = new Dictionary<string, (IdleTime Certain, IdleTime Held)>();
        new FlowReader(FlowSource.Ctnetlink).Read(FlowFilter.All, (in Flow flow) =>
        {
            entries[Name(flow)] = (clock.Of(flow), held.Of(flow));
            return true;
        });
        var after = PacketTap.Now;
        tap.CatchUp(after);
        new FlowReader(FlowSource.Ctnetlink).Read(FlowFilter.All, (in Flow flow) =>
        {
            if (entries.TryGetValue(Name(flow), out var idle))
            {
                check.Add(
                    Text(flow), idle.Certain, IsOpening(flow), flow.StateName, tap.Last(flow), before, after,
                    Possible(clock.History, flow.TimeoutSeconds));
                check.Add(Text(flow), idle.Held, IsOpening(flow), flow.StateName, tap.Last(flow), before, after, "");
            }

            return true;
        });
    });

    private static string Possible(TimeoutHistory history, uint left) => string.Join(
        ", ",
        history.Spans.Where(s => s.Seconds >= left && s.Seconds < left + 60)
            .Select(
                s =>
                    $"{s.Key[(s.Key.LastIndexOf("out_", StringComparison.Ordinal) + 4)..]} {s.Seconds} "
                        + $"{s.From.TotalSeconds:F1}-{(s.IsOpen ? "" : $"{s.Until.TotalSeconds:F1}")}"));

    private static string Name(in Flow flow) => string.Create(
        CultureInfo.InvariantCulture,
        $"{flow.Id} {flow.Protocol} {flow.State} {flow.Status} {flow.TcpFlagsOriginal} {flow.TcpFlagsReply} {flow.Original.SourcePort}");

    private static string Text(in Flow flow) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FlowProtocols.Name(flow.Protocol)} {flow.StateName} {flow.TimeoutSeconds} s left, flags "
            + $"{flow.TcpFlagsOriginal:x}/{flow.TcpFlagsReply:x}, {flow.Original.SourcePort}>{flow.Original.DestinationPort} "
            + $"{flow.Status}");

    private static bool IsOpening(in Flow flow) => flow.Protocol == 6 && flow.StateName is "SYN_SENT" or "SYN_RECV" or "SYN_SENT2";

    private static double? Number(string variable) =>
        double.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number : null;

    private sealed class Checks
    {
        internal StringBuilder Wrong { get; } = new();

        internal int Made { get; private set; }

        internal int Skipped { get; private set; }

        internal int Telling { get; private set; }

        /// <summary>About half, until changes are forgotten after some minutes: from then on there is no upper bound.</summary>
        internal int Bounded { get; private set; }

        internal Dictionary<string, int> States { get; } = [];

        /// <summary>Why this shows nothing yet; null when it does.</summary>
        internal string? Lacks(double seconds) =>
            Made <= 20 * seconds ? $"only {Made} checks"
            : Telling <= Made / 10 ? $"only {Telling} of {Made} idle times were more than 0 at least"
            : Bounded <= Made / 10 ? $"only {Bounded} of {Made} idle times had an upper bound"
            : Skipped >= Made ? $"{Skipped} were left out, and {Made} not"
            : States.Count < 6 ? $"only the states {string.Join(", ", States.Keys)}"
            : null;

        internal void Add(
            string entry, IdleTime idle, bool opening, string state, PacketTap.Sighting? last, double before, double after, string possible)
        {
            // Repetitions do not count once a connection is open: see IdleClock.
            var at = last is null ? 0 : opening ? last.Any : last.Counted;
            if (last is null || last.Any > before - Tick)
            {
                Skipped++;
                return;
            }

            Made++;
            States[state] = States.GetValueOrDefault(state) + 1;
            Telling += idle.LeastSeconds > 0 ? 1 : 0;
            Bounded += idle.Most is null ? 0 : 1;
            if (idle.LeastSeconds > after - at + Tick || (idle.Most is { } most && most.TotalSeconds < before - last.Any - Tick))
            {
                Wrong.AppendLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{entry}: said {idle.LeastSeconds} to {(idle.Most is { } bound ? bound.TotalSeconds : "any")} s, its last packet "
                        + $"passed {before - at:F2} s before; {last.What} {possible}"));
            }
        }
    }
}

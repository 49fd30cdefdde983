using System.Security.Cryptography;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Survey;

/// <summary>
/// Adds up, look after look, who fills the table with what, and what is new since the look before. The dump goes through the
/// same buckets in the same order each time, so entries that the look before had not are new ones, as long as it went at least
/// as far. Fixed memory, but for eight to sixteen bytes for each entry that a look remembers. Not thread-safe.
/// </summary>
public sealed class TrafficSurvey
{
    /// <summary>
    /// Entries that are remembered for the next look: somewhat more than it compares, so that those lie before the end of the former.
    /// </summary>
    public const int Remembered = 60_000;

    /// <summary>Entries that are compared with the look before.</summary>
    public const int Compared = 50_000;

    internal const FlowFields Needs = IdleClock.Needs | FlowFields.Reply | FlowFields.OriginalCounters | FlowFields.ReplyCounters
        | FlowFields.Start;

    private const int MostOfEachClass = 24;
    private const double LeastOfBefore = 0.9;

    // SYN and ACK one way, SYN/ACK the other: no packet more was sent.
    private const ulong OpeningPackets = 2;
    private const ulong OpeningAnswers = 1;
    private const double OpeningSeconds = 2;

    private static readonly int _classes = Enum.GetValues<TrafficClass>().Length;

    private readonly ulong _secret = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) * 2654435761 | 1;
    private readonly GroupSlot[] _all = new GroupSlot[_classes];
    private readonly (TrafficView View, GroupTable Table)[] _views;
    private readonly TimeProvider _time;
    private EntrySet _before = new();
    private EntrySet _now = new();
    private bool _hasBefore;
    private long _beforeAt;
    private long _nowAt;
    private long _beforeTotal;
    private uint _between;
    private long _looked;
    private long _rateLooked;
    private long _new;
    private long _onlyRemembered;
    private bool _knowsSilence;
    private IdleClock? _idle;
    private double _wallNow;

    /// <summary>Has seen nothing yet.</summary>
    /// <param name="time">The clock.</param>
    public TrafficSurvey(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        _views =
        [
            .. ((TrafficView[])[
                TrafficView.Source, TrafficView.SourceNetwork, TrafficView.Destination, TrafficView.Pair, TrafficView.Port,
                TrafficView.Translation])
                .Select(view => (view, new GroupTable(random))),
        ];
    }

    /// <summary>Forgets the looks before: what comes next is compared with nothing.</summary>
    public void Forget() => _hasBefore = false;

    /// <summary>What the last look found; null before the first.</summary>
    public TrafficReading? Latest { get; private set; }

    /// <summary>A look begins.</summary>
    internal void Begin(IdleClock idle)
    {
        _idle = idle;
        Restart();
    }

    /// <summary>The look begins again from the first entry.</summary>
    internal void Restart()
    {
        Array.Clear(_all);
        foreach (var (_, table) in _views)
        {
            table.Clear();
        }

        _now.Clear();
        (_looked, _rateLooked, _new, _onlyRemembered, _knowsSilence) = (0, 0, 0, 0, false);
        _nowAt = _time.GetTimestamp();

        // Seconds left are told rounded down, so whoever seems idle for this long has had a packet since the look before.
        _between = _hasBefore ? (uint)_time.GetElapsedTime(_beforeAt, _nowAt).TotalSeconds : 0;
        _wallNow = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
    }

    /// <summary>An entry that is only remembered for the next look.</summary>
    /// <returns>False when no more of them are wanted.</returns>
    internal bool Remember(scoped in Flow flow)
    {
        _onlyRemembered++;
        if (_now.Count < Remembered)
        {
            _now.Add(Fingerprint(flow.Original));
        }

        return _now.Count < Remembered;
    }

    internal void Add(scoped in Flow flow)
    {
        _looked++;
        var kind = ClassOf(flow);
        var known = false;
        if (_now.Count < Remembered)
        {
            var print = Fingerprint(flow.Original);
            _now.Add(print);
            if (_hasBefore && _looked <= Compared)
            {
                _rateLooked++;
                known = _before.Contains(print);
                _new += known ? 0 : 1;
            }
        }

        var idle = _idle!.Of(flow);
        var one = new Seen(
            IsNew: _hasBefore && _looked <= Compared && !known,
            IsKnown: known,
            Spoke: known && idle.IsKnown && idle.MostSeconds <= _between,
            Silence: Silence(flow, idle),
            DestinationTranslated: flow.IsDestinationTranslated,
            SourceTranslated: flow.IsSourceTranslated,
            IdleBin: idle.IsKnown ? Bin(idle.LeastSeconds) : -1);
        ref readonly var t = ref flow.Original;
        _all[(int)kind].Count++;
        Take(ref _all[(int)kind], one, t, t.SourcePort);
        foreach (var (view, table) in _views)
        {
            switch (view)
            {
                case TrafficView.Source:
                    Take(ref table.Add(GroupKey.OfSource(t, kind)), one, t, 0);
                    break;
                case TrafficView.SourceNetwork:
                    Take(ref table.Add(GroupKey.OfNetwork(t, kind)), one, t, 0);
                    break;
                case TrafficView.Destination:
                    Take(ref table.Add(GroupKey.OfDestination(t, kind)), one, t, 0);
                    break;
                case TrafficView.Pair:
                    Take(ref table.Add(GroupKey.OfPair(t, kind)), one, t, 0);
                    break;
                case TrafficView.Port when t.HasPorts:
                    Take(ref table.Add(GroupKey.OfPort(t, kind)), one, t, 0);
                    break;
                case TrafficView.Translation when one.SourceTranslated && t.HasPorts:
                    Take(ref table.Add(GroupKey.OfTranslation(flow.Reply)), one, t, flow.Reply.DestinationPort);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Ends the look: it is what the next one is compared with.</summary>
    /// <param name="total">The kernel's count of entries.</param>
    internal TrafficReading End(long total)
    {
        // A table that has lost many entries shows buckets that the look before did not reach: old entries would seem new.
        var comparable = _hasBefore && (_beforeTotal <= Remembered || total >= _beforeTotal * LeastOfBefore);
        Latest = new TrafficReading
        {
            Looked = _looked,
            OnlyRemembered = _onlyRemembered,
            RateLooked = comparable ? _rateLooked : 0,
            Between = comparable ? _time.GetElapsedTime(_beforeAt, _nowAt) : TimeSpan.Zero,
            New = _new,
            KnowsSilence = _knowsSilence,
            Groups =
            [
                .. _all.Select((slot, i) => TrafficGroupBuilder.Group(TrafficView.Class, (TrafficClass)i, slot, 0))
                    .Where(group => group.Count > 0),
                .. _views.SelectMany(
                    v =>
                        v.Table.Top(MostOfEachClass)
                            .Select(slot => TrafficGroupBuilder.Group(v.View, slot.Key.Class, slot, v.Table.Error))),
            ],
        };
        (_before, _now) = (_now, _before);
        (_beforeAt, _beforeTotal, _hasBefore) = (_nowAt, total, true);
        return Latest;
    }

    internal static TrafficClass ClassOf(scoped in Flow flow) => flow.Protocol switch
    {
        Native.IPPROTO_TCP => flow.State switch
        {
            FlowStates.TcpSynSent or FlowStates.TcpSynSent2 => TrafficClass.SynSent,
            FlowStates.TcpSynReceived => TrafficClass.SynReceived,
            _ when flow.IsUnreplied => TrafficClass.OneWay,
            FlowStates.TcpEstablished or 0 => TrafficClass.Established,
            FlowStates.TcpCloseWait => TrafficClass.CloseWait,
            FlowStates.TcpTimeWait => TrafficClass.TimeWait,
            _ => TrafficClass.Closing,
        },
        Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE =>
            flow.IsAssured ? TrafficClass.UdpStream : flow.IsUnreplied ? TrafficClass.UdpUnreplied : TrafficClass.UdpReplied,
        Native.IPPROTO_ICMP or Native.IPPROTO_ICMPV6 => TrafficClass.Icmp,
        _ => flow.IsUnreplied ? TrafficClass.OtherUnreplied : TrafficClass.Other,
    };

    private static int Bin(long seconds)
    {
        var bin = TrafficGroup.IdleBounds.Count - 1;
        while (TrafficGroup.IdleBounds[bin] > seconds)
        {
            bin--;
        }

        return bin;
    }

    // +1: nothing was sent after the opening; -1: something was; 0: nobody knows.
    private int Silence(scoped in Flow flow, IdleTime idle)
    {
        if (flow.Protocol != Native.IPPROTO_TCP)
        {
            return 0;
        }

        if (flow.Has(FlowFields.OriginalCounters | FlowFields.ReplyCounters))
        {
            _knowsSilence = true;
            return flow.OriginalCounters.Packets <= OpeningPackets && flow.ReplyCounters.Packets <= OpeningAnswers ? 1 : -1;
        }

        if (flow.Has(FlowFields.Start) && flow.StartNanoseconds > 0 && idle.IsKnown)
        {
            _knowsSilence = true;
            return _wallNow - (flow.StartNanoseconds / 1e9) - idle.LeastSeconds <= OpeningSeconds ? 1 : -1;
        }

        return 0;
    }

    private static void Take(ref GroupSlot slot, in Seen one, in FlowTuple t, ushort translatedPort)
    {
        slot.New += one.IsNew ? 1u : 0;
        slot.Known += one.IsKnown ? 1u : 0;
        slot.Speaking += one.Spoke ? 1u : 0;
        slot.Silent += one.Silence > 0 ? 1u : 0;
        slot.Spoken += one.Silence < 0 ? 1u : 0;
        slot.DestinationTranslated += one.DestinationTranslated ? 1u : 0;
        slot.SourceTranslated += one.SourceTranslated ? 1u : 0;
        slot.SourceBits |= Bit(t.SourceLow ^ t.SourceHigh);
        slot.DestinationBits |= Bit(t.DestinationLow ^ t.DestinationHigh);
        slot.PortBits |= Bit(t.DestinationPort);
        slot.SourceAnd &= t.SourceLow;
        slot.SourceOr |= t.SourceLow;
        slot.SourceHighAnd &= t.SourceHigh;
        slot.SourceHighOr |= t.SourceHigh;
        slot.LowestPort = translatedPort == 0 ? slot.LowestPort : Math.Min(slot.LowestPort, translatedPort);
        slot.HighestPort = Math.Max(slot.HighestPort, translatedPort);
        if (one.IdleBin >= 0)
        {
            slot.Idle[one.IdleBin]++;
        }
    }

    private static ulong Bit(ulong value) => 1UL << (int)(((value + 1) * 0x9E3779B97F4A7C15UL) >> 58);

    // Two entries of one look have the same one by chance of one in 2^62; sources are a stranger's choice, so it is keyed.
    private ulong Fingerprint(in FlowTuple t)
    {
        var h = _secret;
        h = Mix(h ^ t.SourceLow ^ ulong.RotateLeft(t.DestinationLow, 32));
        h = Mix(h + t.SourceHigh);
        h = Mix(h ^ t.DestinationHigh);
        return Mix(h ^ t.First ^ ((ulong)t.Second << 16) ^ ((ulong)t.ProtocolNumber << 32));
    }

    private static ulong Mix(ulong h)
    {
        h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9;
        h = (h ^ (h >> 27)) * 0x94D049BB133111EB;
        return h ^ (h >> 31);
    }

    private readonly record struct Seen(
        bool IsNew, bool IsKnown, bool Spoke, int Silence, bool DestinationTranslated, bool SourceTranslated, int IdleBin);
}

using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>
/// Reads a line of /proc/net/nf_conntrack (ct_seq_show in net/netfilter/nf_conntrack_standalone.c), of the older
/// /proc/net/ip_conntrack, or of <c>conntrack -L</c>: the latter two lack the first two columns. Unknown words are skipped.
/// </summary>
internal ref partial struct FlowLineParser
{
    private const FlowFields BeforeReply = FlowFields.Status | FlowFields.State | FlowFields.Timeout;

    private readonly bool _brief;
    private ReadOnlySpan<byte> _rest;
    private bool _inReply;
    private bool _sawIcmpId;
    private int _sides;

    private FlowLineParser(ReadOnlySpan<byte> line, FlowFields wanted)
    {
        _rest = line;
        _brief = (wanted & ~BeforeReply) == 0;
    }

    /// <param name="line">The line without its line feed.</param>
    /// <param name="parsed">False when it is not such a line.</param>
    /// <param name="wanted">What is asked for; where the reply is not, most of the line's second half is passed over.</param>
    internal static Flow Parse(ReadOnlySpan<byte> line, out bool parsed, FlowFields wanted = FlowFields.All)
    {
        var parser = new FlowLineParser(line, wanted);
        Flow flow = default;
        parsed = parser.Head(ref flow) && parser.Body(ref flow);
        return flow;
    }

    private bool Head(ref Flow flow)
    {
        var word = Word();
        if (word.SequenceEqual("ipv4"u8) || word.SequenceEqual("ipv6"u8))
        {
            if (!TryNumber(Word(), out _))
            {
                return false;
            }

            word = Word();
        }

        if (word.IsEmpty || !TryNumber(Word(), out var protocol) || protocol > byte.MaxValue)
        {
            return false;
        }

        flow.OriginalTuple.ProtocolNumber = flow.ReplyTuple.ProtocolNumber = (byte)protocol;

        // /proc does not print all status bits: an entry has had a reply unless it says otherwise.
        flow.Status = FlowStatus.SeenReply | FlowStatus.Confirmed;
        flow.Fields = FlowFields.Status;

        // An offloaded flow has no seconds and may have no state.
        var ahead = _rest;
        if (TryNumber(Word(), out var seconds) && seconds <= uint.MaxValue)
        {
            flow.TimeoutSeconds = (uint)seconds;
            flow.Fields |= FlowFields.Timeout;
            ahead = _rest;
        }

        _rest = ahead;
        word = Word();
        if (FlowStates.TryParse((byte)protocol, word, out var state))
        {
            flow.State = state;
            flow.Fields |= FlowFields.State;
        }
        else if (word.Contains((byte)'='))
        {
            _rest = ahead;
        }

        return true;
    }

    private bool Body(ref Flow flow)
    {
        while (true)
        {
            var word = Word();
            if (word.IsEmpty)
            {
                break;
            }

            if (_brief && (_sides & 3) == 3 && word.StartsWith("src="u8))
            {
                // Of what follows only [ASSURED] and [OFFLOAD] matter.
                var flag = _rest.IndexOf((byte)'[');
                _rest = flag < 0 ? [] : _rest[flag..];
                continue;
            }

            var equals = word.IndexOf((byte)'=');
            if (word[0] == '[')
            {
                Flag(word, ref flow);
            }
            else if (equals > 0 && !Pair(word[..equals], word[(equals + 1)..], ref flow))
            {
                return false;
            }
        }

        // Both addresses of the original tuple, and of the reply if it began.
        if ((_sides & 3) != 3 || (_inReply && (_sides & 12) != 12))
        {
            return false;
        }

        flow.Fields |= _inReply ? FlowFields.Reply : 0;
        return true;
    }

    private void Flag(ReadOnlySpan<byte> word, ref Flow flow)
    {
        if (word.SequenceEqual("[ASSURED]"u8))
        {
            flow.Status |= FlowStatus.Assured;
        }
        else if (word.SequenceEqual("[UNREPLIED]"u8))
        {
            flow.Status &= ~FlowStatus.SeenReply;
        }
        else if (word.SequenceEqual("[OFFLOAD]"u8))
        {
            flow.Status |= FlowStatus.Offload;
        }
        else if (word.SequenceEqual("[HW_OFFLOAD]"u8))
        {
            flow.Status |= FlowStatus.Offload | FlowStatus.HardwareOffload;
        }
        else if (!word.EndsWith("]"u8))
        {
            // [start=Sun Nov 22 18:08:17 2026]: the conntrack tool's times have spaces and no zone.
            var end = _rest.IndexOf((byte)']');
            _rest = end < 0 ? [] : _rest[(end + 1)..];
        }
    }

    private bool Pair(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ref Flow flow)
    {
        switch (key.Length)
        {
            case 2 when key.SequenceEqual("id"u8):
                return Id(value, ref flow);
            case 3 when key.SequenceEqual("src"u8):
                _inReply = _sides != 0;
                return Address(value, ref flow, source: true);
            case 3 when key.SequenceEqual("dst"u8):
                return Address(value, ref flow, source: false);
            case 3 when key.SequenceEqual("use"u8):
                flow.Use = Number(value, FlowFields.Use, uint.MaxValue, ref flow, out var use);
                return use;
            case 4 when key.SequenceEqual("mark"u8):
                flow.Mark = Number(value, FlowFields.Mark, uint.MaxValue, ref flow, out var mark);
                return mark;
            case 4 when key.SequenceEqual("zone"u8):
                flow.Zone = (ushort)Number(value, FlowFields.Zone, ushort.MaxValue, ref flow, out var zone);
                return zone;
            case 4 when key.SequenceEqual("type"u8) || key.SequenceEqual("code"u8):
                return Icmp(key[0] == 't', value, ref flow);
            case 5 when key.SequenceEqual("sport"u8) || key.SequenceEqual("dport"u8):
                return Port(key[0] == 's', value, ref flow);
            case 5 when key.SequenceEqual("bytes"u8):
                return Counter(value, isBytes: true, ref flow);
            case 7 when key.SequenceEqual("packets"u8):
                return Counter(value, isBytes: false, ref flow);
            case 6 when key.SequenceEqual("srckey"u8) || key.SequenceEqual("dstkey"u8):
                return Key(key[0] == 's', value, ref flow);
            case 6 when key.SequenceEqual("secctx"u8):
                flow.Security = value;
                flow.Fields |= FlowFields.SecurityContext;
                return true;
            case 6 when key.SequenceEqual("helper"u8):
                flow.HelperName = value;
                flow.Fields |= FlowFields.Helper;
                return true;
            case 9 when key.SequenceEqual("zone-orig"u8):
                flow.OriginalZone = (ushort)Number(value, FlowFields.OriginalZone, ushort.MaxValue, ref flow, out var original);
                return original;
            case 10 when key.SequenceEqual("zone-reply"u8):
                flow.ReplyZone = (ushort)Number(value, FlowFields.ReplyZone, ushort.MaxValue, ref flow, out var reply);
                return reply;
            case 10 when key.SequenceEqual("delta-time"u8):
                flow.Fields |= FlowFields.Age;
                var known = TryNumber(value, out var age);
                flow.AgeSeconds = age;
                return known;
            default:
                // secmark=, timeout= and stream_timeout= (GRE), and what later kernels bring.
                return true;
        }
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out ulong number)
    {
        number = 0;
        if (text.Length is 0 or > 20)
        {
            return false;
        }

        foreach (var c in text)
        {
            var digit = (uint)(c - '0');
            if (digit > 9 || number > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }

            number = (number * 10) + digit;
        }

        return true;
    }

    private ReadOnlySpan<byte> Word()
    {
        var start = 0;
        while (start < _rest.Length && _rest[start] == ' ')
        {
            start++;
        }

        var tail = _rest[start..];
        var end = tail.IndexOf((byte)' ');
        if (end < 0)
        {
            _rest = [];
            return tail;
        }

        _rest = tail[(end + 1)..];
        return tail[..end];
    }
}

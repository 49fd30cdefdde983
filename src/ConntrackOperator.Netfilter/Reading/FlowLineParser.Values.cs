using System.Buffers.Text;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Reading;

/// <content>What stands after the equals sign, key by key. Each returns false for a value that can't be.</content>
internal ref partial struct FlowLineParser
{
    private readonly bool Address(ReadOnlySpan<byte> text, ref Flow flow, bool source, ref int bits)
    {
        ref var tuple = ref _inReply ? ref flow.ReplyTuple : ref flow.OriginalTuple;
        ulong high = 0;
        ulong low;
        if (AddressText.TryParseV4(text, out var v4))
        {
            low = v4;
        }
        else if (AddressText.TryParseV6(text, out high, out low))
        {
            tuple.IsV6 = true;
        }
        else
        {
            return false;
        }

        if (source)
        {
            (tuple.SourceHigh, tuple.SourceLow) = (high, low);
        }
        else
        {
            (tuple.DestinationHigh, tuple.DestinationLow) = (high, low);
        }

        bits |= (source ? 1 : 2) << (_inReply ? 2 : 0);
        return true;
    }

    private bool Address(ReadOnlySpan<byte> text, ref Flow flow, bool source)
    {
        var bits = _sides;
        var known = Address(text, ref flow, source, ref bits);
        _sides = bits;
        return known;
    }

    private readonly bool Port(bool source, ReadOnlySpan<byte> text, ref Flow flow)
    {
        ref var tuple = ref _inReply ? ref flow.ReplyTuple : ref flow.OriginalTuple;
        if (!TryNumber(text, out var port) || port > ushort.MaxValue)
        {
            return false;
        }

        if (source)
        {
            tuple.First = (ushort)port;
        }
        else
        {
            tuple.Second = (ushort)port;
        }

        return true;
    }

    private readonly bool Key(bool source, ReadOnlySpan<byte> text, ref Flow flow)
    {
        ref var tuple = ref _inReply ? ref flow.ReplyTuple : ref flow.OriginalTuple;
        if (!text.StartsWith("0x"u8) || !Utf8Parser.TryParse(text[2..], out ushort key, out var used, 'x') || used != text.Length - 2)
        {
            return false;
        }

        if (source)
        {
            tuple.First = key;
        }
        else
        {
            tuple.Second = key;
        }

        return true;
    }

    private bool Icmp(bool isType, ReadOnlySpan<byte> text, ref Flow flow)
    {
        ref var tuple = ref _inReply ? ref flow.ReplyTuple : ref flow.OriginalTuple;
        if (!TryNumber(text, out var number) || number > byte.MaxValue)
        {
            return false;
        }

        _sawIcmpId = false;
        tuple.Second = isType
            ? (ushort)((tuple.Second & 0xff) | ((int)number << 8))
            : (ushort)((tuple.Second & 0xff00) | (int)number);
        return true;
    }

    // id= is the identifier in an ICMP tuple, and the entry's identity after it.
    private bool Id(ReadOnlySpan<byte> text, ref Flow flow)
    {
        if (!TryNumber(text, out var number) || number > uint.MaxValue)
        {
            return false;
        }

        if (FlowProtocols.IsIcmp(flow.Protocol) && !_sawIcmpId)
        {
            ref var tuple = ref _inReply ? ref flow.ReplyTuple : ref flow.OriginalTuple;
            tuple.First = (ushort)number;
            _sawIcmpId = true;
            return number <= ushort.MaxValue;
        }

        flow.Id = (uint)number;
        flow.Fields |= FlowFields.Id;
        return true;
    }

    private readonly bool Counter(ReadOnlySpan<byte> text, bool isBytes, ref Flow flow)
    {
        if (!TryNumber(text, out var number))
        {
            return false;
        }

        ref var totals = ref _inReply ? ref flow.ReplyTotals : ref flow.OriginalTotals;
        totals = isBytes ? totals with { Bytes = number } : totals with { Packets = number };
        flow.Fields |= _inReply ? FlowFields.ReplyCounters : FlowFields.OriginalCounters;
        return true;
    }

    private static uint Number(ReadOnlySpan<byte> text, FlowFields field, uint most, ref Flow flow, out bool known)
    {
        known = TryNumber(text, out var number) && number <= most;
        flow.Fields |= field;
        return known ? (uint)number : 0;
    }
}

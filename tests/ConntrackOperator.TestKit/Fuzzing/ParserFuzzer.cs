using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.TestKit.Fuzzing;

/// <summary>
/// Feeds mutated messages and lines to both parsers and to the printers. What must hold: no exception, an end, and nothing
/// read outside the input: the input is put right before a page's worth of poison that would show up in what was decoded.
/// </summary>
public sealed class ParserFuzzer(IReadOnlyList<byte[]> messages, IReadOnlyList<string> lines, int seed)
{
    private readonly Random _random = new(seed);
    private readonly byte[] _buffer = new byte[4096];
    private readonly ArrayBufferWriter<byte> _output = new(8192);
    private readonly FlowFormatter[] _formatters = [
        new(FlowFormat.Tool, new() { Extended = true, Id = true, Timestamps = true }), new(FlowFormat.Proc), new(FlowFormat.Json)];
    private readonly byte[][] _lineBytes = [.. lines.Select(Encoding.UTF8.GetBytes)];
    private long _messagesAccepted;
    private long _linesAccepted;

    public readonly record struct Outcome(long Inputs, long MessagesAccepted, long LinesAccepted);

    public Outcome Run(long inputs, CancellationToken cancellation = default)
    {
        for (var i = 0L; i < inputs; i++)
        {
            if ((i & 0xfff) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            if ((i & 1) == 0)
            {
                Message();
            }
            else
            {
                Line();
            }
        }

        return new Outcome(inputs, _messagesAccepted, _linesAccepted);
    }

    private void Message()
    {
        var input = Mutate(messages[_random.Next(messages.Count)], lengths: true);
        var wanted = (_random.Next(4) == 0) ? (FlowFields)_random.Next((int)FlowFields.All) : FlowFields.All;
        var flow = FlowDecoder.Decode(input, wanted, out var decoded);
        RequireInside(input, flow.OriginalWire, flow.Helper, flow.Labels, flow.SecurityContext);
        if (decoded)
        {
            _messagesAccepted++;
            Print(flow);
        }

        // The same bytes as a datagram: headers are read from them, and each message is an entry again.
        var reader = new MessageReader(input);
        var count = 0;
        while (reader.Next())
        {
            if (++count > input.Length / Nl.HeaderBytes)
            {
                throw new InvalidOperationException("more messages than fit");
            }

            _ = NetlinkDump.ReadError(reader.Flags, reader.Payload, out _);
            _ = FlowDecoder.Decode(reader.Payload, FlowFields.All, out _);
        }
    }

    private void Line()
    {
        var input = Mutate(_lineBytes[_random.Next(_lineBytes.Length)], lengths: false);
        var wanted = _random.Next(4) == 0 ? FlowFields.Status | FlowFields.State | FlowFields.Timeout : FlowFields.All;
        var flow = FlowLineParser.Parse(input, out var parsed, wanted);
        RequireInside(input, flow.OriginalWire, flow.Helper, flow.Labels, flow.SecurityContext);
        if (parsed)
        {
            _linesAccepted++;
            Print(flow);
        }
    }

    private void Print(scoped in Flow flow)
    {
        _output.ResetWrittenCount();
        _formatters[_random.Next(_formatters.Length)].WriteLine(flow, _output);
    }

    private ReadOnlySpan<byte> Mutate(ReadOnlySpan<byte> original, bool lengths)
    {
        original.CopyTo(_buffer);
        var length = original.Length;
        for (var times = _random.Next(4); times > 0; times--)
        {
            var at = _random.Next(length);
            switch (_random.Next(lengths ? 7 : 6))
            {
                case 0:
                    _buffer[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    _buffer[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    length = at + 1;
                    break;
                case 3 when length < _buffer.Length / 2:
                    // A piece twice.
                    var piece = _random.Next(Math.Min(64, length - at));
                    _buffer.AsSpan(at, length - at).CopyTo(_buffer.AsSpan(at + piece));
                    length += piece;
                    break;
                case 4:
                    var cut = _random.Next(Math.Min(16, length - at));
                    _buffer.AsSpan(at + cut, length - at - cut).CopyTo(_buffer.AsSpan(at));
                    length -= cut;
                    break;
                case 5:
                    _buffer[at] = (byte)" =0[]:.\n"[_random.Next(8)];
                    break;
                case 6:
                    // An attribute's length, where one may be.
                    var value = (ushort)(_random.Next(2) == 0 ? _random.Next(64) : _random.Next(65536));
                    if ((at & ~3) + 2 <= length)
                    {
                        MemoryMarshal.Write(_buffer.AsSpan(at & ~3), in value);
                    }

                    break;
                default:
                    break;
            }
        }

        _buffer.AsSpan(length).Fill(0xA5);
        return _buffer.AsSpan(0, length);
    }

    private static void RequireInside(
        ReadOnlySpan<byte> input, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d)
    {
        if (!Inside(input, a) || !Inside(input, b) || !Inside(input, c) || !Inside(input, d))
        {
            throw new InvalidOperationException("a view reaches outside the input: " + Convert.ToHexString(input));
        }
    }

    private static bool Inside(ReadOnlySpan<byte> input, ReadOnlySpan<byte> view) =>
        view.IsEmpty || input.Overlaps(view, out var offset) && offset >= 0 && offset + view.Length <= input.Length;
}

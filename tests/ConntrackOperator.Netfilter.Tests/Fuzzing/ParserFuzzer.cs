using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Proc;

namespace ConntrackOperator.Netfilter.Tests.Fuzzing;

/// <summary>
/// Feeds mutated messages and lines to both parsers and to the printers. What must hold: no exception, an end, and nothing
/// read outside the input: the input is put right before a page's worth of poison that would show up in what was decoded.
/// </summary>
internal sealed class ParserFuzzer(IReadOnlyList<byte[]> messages, IReadOnlyList<string> lines, int seed)
{
    private readonly Random random = new(seed);
    private readonly byte[] buffer = new byte[4096];
    private readonly ArrayBufferWriter<byte> output = new(8192);
    private readonly FlowFormatter[] formatters = [new(FlowFormat.Tool, new() { Extended = true, Id = true, Timestamps = true }), new(FlowFormat.Proc), new(FlowFormat.Json)];
    private readonly byte[][] lineBytes = [.. lines.Select(Encoding.UTF8.GetBytes)];
    private long messagesAccepted;
    private long linesAccepted;

    internal readonly record struct Outcome(long Inputs, long MessagesAccepted, long LinesAccepted);

    internal Outcome Run(long inputs, CancellationToken cancellation = default)
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

        return new Outcome(inputs, messagesAccepted, linesAccepted);
    }

    private void Message()
    {
        var input = Mutate(messages[random.Next(messages.Count)], lengths: true);
        var wanted = (random.Next(4) == 0) ? (FlowFields)random.Next((int)FlowFields.All) : FlowFields.All;
        var flow = FlowDecoder.Decode(input, wanted, out var decoded);
        RequireInside(input, flow.OriginalWire, flow.Helper, flow.Labels, flow.SecurityContext);
        if (decoded)
        {
            messagesAccepted++;
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
        var input = Mutate(lineBytes[random.Next(lineBytes.Length)], lengths: false);
        var wanted = random.Next(4) == 0 ? FlowFields.Status | FlowFields.State | FlowFields.Timeout : FlowFields.All;
        var flow = FlowLineParser.Parse(input, out var parsed, wanted);
        RequireInside(input, flow.OriginalWire, flow.Helper, flow.Labels, flow.SecurityContext);
        if (parsed)
        {
            linesAccepted++;
            Print(flow);
        }
    }

    private void Print(scoped in Flow flow)
    {
        output.ResetWrittenCount();
        formatters[random.Next(formatters.Length)].WriteLine(flow, output);
    }

    private ReadOnlySpan<byte> Mutate(ReadOnlySpan<byte> original, bool lengths)
    {
        original.CopyTo(buffer);
        var length = original.Length;
        for (var times = random.Next(4); times > 0; times--)
        {
            var at = random.Next(length);
            switch (random.Next(lengths ? 7 : 6))
            {
                case 0:
                    buffer[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 2:
                    length = at + 1;
                    break;
                case 3 when length < buffer.Length / 2:
                    // A piece twice.
                    var piece = random.Next(Math.Min(64, length - at));
                    buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + piece));
                    length += piece;
                    break;
                case 4:
                    var cut = random.Next(Math.Min(16, length - at));
                    buffer.AsSpan(at + cut, length - at - cut).CopyTo(buffer.AsSpan(at));
                    length -= cut;
                    break;
                case 5:
                    buffer[at] = (byte)" =0[]:.\n"[random.Next(8)];
                    break;
                case 6:
                    // An attribute's length, where one may be.
                    var value = (ushort)(random.Next(2) == 0 ? random.Next(64) : random.Next(65536));
                    if ((at & ~3) + 2 <= length)
                    {
                        MemoryMarshal.Write(buffer.AsSpan(at & ~3), in value);
                    }

                    break;
                default:
                    break;
            }
        }

        buffer.AsSpan(length).Fill(0xA5);
        return buffer.AsSpan(0, length);
    }

    private static void RequireInside(ReadOnlySpan<byte> input, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d)
    {
        if (!Inside(input, a) || !Inside(input, b) || !Inside(input, c) || !Inside(input, d))
        {
            throw new InvalidOperationException("a view reaches outside the input: " + Convert.ToHexString(input));
        }
    }

    private static bool Inside(ReadOnlySpan<byte> input, ReadOnlySpan<byte> view) =>
        view.IsEmpty || input.Overlaps(view, out var offset) && offset >= 0 && offset + view.Length <= input.Length;
}

using System.Buffers;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;

namespace ConntrackOperator.Cli.Flows;

/// <summary>One line an entry.</summary>
internal sealed class LineWriter(Stream output, FlowFormatter formatter) : IFlowWriter
{
    private const int BlockBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * BlockBytes);

    public void Write(in Flow flow)
    {
        formatter.WriteLine(flow, _buffer);
        if (_buffer.WrittenCount >= BlockBytes)
        {
            End();
        }
    }

    public void End()
    {
        output.Write(_buffer.WrittenSpan);
        output.Flush();
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _buffer.Clear();
}

using System.Buffers;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Cli.Flows;

/// <summary>One JSON array, an entry a line.</summary>
internal sealed class JsonArrayWriter(Stream output, IdleClock? idle) : IFlowWriter
{
    private readonly BufferedStream _output = new(output, 64 * 1024);
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly FlowFormatter _formatter = new(FlowFormat.Json, idle: idle);
    private bool _any;

    public void Write(in Flow flow)
    {
        _buffer.ResetWrittenCount();
        _formatter.WriteLine(flow, _buffer);
        _output.Write(_any ? ",\n"u8 : "[\n"u8);
        _output.Write(_buffer.WrittenSpan[..^1]);
        _any = true;
    }

    public void End()
    {
        _output.Write(_any ? "\n]\n"u8 : "[]\n"u8);
        _output.Flush();
    }

    public void Dispose() => _output.Dispose();
}

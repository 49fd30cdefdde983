using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Cli.Flows;

/// <summary>One YAML sequence.</summary>
internal sealed class YamlListWriter(Stream output, IdleClock? idle) : IFlowWriter
{
    private readonly StreamWriter _output = new(output, new UTF8Encoding(false), 64 * 1024);
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly FlowFormatter _formatter = new(FlowFormat.Json, idle: idle);
    private bool _any;

    public void Write(in Flow flow)
    {
        _buffer.ResetWrittenCount();
        _formatter.WriteLine(flow, _buffer);
        var lead = "- ";
        foreach (var line in YamlWriter.Write(JsonNode.Parse(_buffer.WrittenSpan)!.AsObject()).TrimEnd().Split('\n'))
        {
            _output.Write(lead);
            _output.Write(line);
            _output.Write('\n');
            lead = "  ";
        }

        _any = true;
    }

    public void End()
    {
        _output.Write(_any ? string.Empty : "[]\n");
        _output.Flush();
    }

    public void Dispose() => _output.Dispose();
}

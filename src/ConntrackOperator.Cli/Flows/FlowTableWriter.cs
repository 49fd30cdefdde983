using System.Globalization;
using System.Text;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Cli.Flows;

/// <summary>Aligned columns. The widths come from the first entries, so that the rest needs not be kept.</summary>
internal sealed class FlowTableWriter(Stream output, IdleClock idle) : IFlowWriter
{
    private const int Measured = 1000;
    private const int RightAligned = 4;
    private const int AlsoRightAligned = 5;

    private static readonly string[] _headers =
        ["PROTOCOL", "STATE", "SOURCE", "DESTINATION", "SECONDS", "IDLE", "TRANSLATED", "FLAGS", "ZONE"];

    private readonly StreamWriter _output = new(output, new UTF8Encoding(false), 64 * 1024);
    private readonly List<string[]> _first = [];
    private int[]? _widths;

    public void Write(in Flow flow)
    {
        string[] row =
        [
            FlowProtocols.Name(flow.Protocol),
            flow.StateName is { Length: > 0 } state ? state : "-",
            End(flow.Original.Source, flow.Original.HasPorts, flow.Original.SourcePort),
            End(flow.Original.Destination, flow.Original.HasPorts, flow.Original.DestinationPort),
            flow.TimeoutSeconds.ToString(CultureInfo.InvariantCulture),
            Idle(flow),
            Translated(flow),
            Flags(flow),
            Zone(flow),
        ];
        if (_widths is not null)
        {
            Print(row);
            return;
        }

        _first.Add(row);
        if (_first.Count == Measured)
        {
            PrintFirst();
        }
    }

    public void End()
    {
        if (_widths is null)
        {
            PrintFirst();
        }

        _output.Flush();
    }

    public void Dispose() => _output.Dispose();

    private void PrintFirst()
    {
        // An entry with a zone that comes later still shows it, without the heading.
        _first.Insert(0, _first.Exists(row => row[^1].Length > 0) ? _headers : [.. _headers[..^1], string.Empty]);
        _widths = [.. _first[0].Select((_, i) => _first.Max(r => r[i].Length))];
        _first.ForEach(Print);
        _first.Clear();
    }

    private void Print(string[] row) => _output.Write(
        string.Join(
            "   ", row.Select((cell, i) => i is RightAligned or AlsoRightAligned ? cell.PadLeft(_widths![i]) : cell.PadRight(_widths![i])))
            .TrimEnd() + "\n");

    private string Idle(in Flow flow)
    {
        var known = idle.Of(flow);
        return IdleText.Of(known.Least, known.Most);
    }

    private static string Translated(in Flow flow) =>
        flow.IsDestinationTranslated ? "to " + End(flow.Reply.Source, flow.Reply.HasPorts, flow.Reply.SourcePort)
        : flow.IsSourceTranslated ? "from " + End(flow.Reply.Destination, flow.Reply.HasPorts, flow.Reply.DestinationPort)
        : "-";

    private static string Flags(in Flow flow) =>
        flow.IsUnreplied ? "unreplied" : flow.IsAssured ? "assured" : string.Empty;

    private static string Zone(in Flow flow) =>
        flow.Has(FlowFields.OriginalZone) && flow.OriginalZone != 0 ? $"original {flow.OriginalZone}"
        : flow.Has(FlowFields.ReplyZone) && flow.ReplyZone != 0 ? $"reply {flow.ReplyZone}"
        : flow.Zone != 0 ? flow.Zone.ToString(CultureInfo.InvariantCulture)
        : string.Empty;

    private static string End(FlowAddress address, bool hasPort, ushort port) =>
        !hasPort ? address.ToString()
        : address.IsIPv6 ? string.Create(CultureInfo.InvariantCulture, $"[{address}]:{port}")
        : string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
}

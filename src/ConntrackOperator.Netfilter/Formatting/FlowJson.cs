using System.Buffers;
using System.Text.Json;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Netfilter.Formatting;

/// <summary>Entries as JSON objects. What the source did not give is left out.</summary>
/// <param name="writer">Is pointed at each output in turn; holds nothing between two entries.</param>
/// <param name="idle">Tells idle times; null: left out.</param>
internal sealed class FlowJson(Utf8JsonWriter writer, IdleClock? idle = null)
{
    internal void Write(scoped in Flow flow, IBufferWriter<byte> output)
    {
        writer.Reset(output);
        writer.WriteStartObject();
        writer.WriteString("family"u8, flow.IsIPv6 ? "ipv6"u8 : "ipv4"u8);
        writer.WriteString("protocol"u8, FlowProtocols.Name(flow.Protocol));
        writer.WriteNumber("protocolNumber"u8, flow.Protocol);
        if (flow.Has(FlowFields.State))
        {
            writer.WriteString("state"u8, FlowStates.Text(flow.Protocol, flow.State));
        }

        Number("timeoutSeconds"u8, flow.Has(FlowFields.Timeout), flow.TimeoutSeconds);
        Idle(flow);
        Direction(
            "original"u8, flow.Original, flow.Has(FlowFields.OriginalZone), flow.OriginalZone, flow.Has(FlowFields.OriginalCounters),
            flow.OriginalCounters);
        if (flow.Has(FlowFields.Reply))
        {
            Direction(
                "reply"u8, flow.Reply, flow.Has(FlowFields.ReplyZone), flow.ReplyZone, flow.Has(FlowFields.ReplyCounters),
                flow.ReplyCounters);
        }

        Status(flow);
        Number("mark"u8, flow.Has(FlowFields.Mark), flow.Mark);
        Number("zone"u8, flow.Has(FlowFields.Zone), flow.Zone);
        Number("use"u8, flow.Has(FlowFields.Use), flow.Use);
        Number("id"u8, flow.Has(FlowFields.Id), flow.Id);
        Number("startNanoseconds"u8, flow.Has(FlowFields.Start), flow.StartNanoseconds);
        Number("stopNanoseconds"u8, flow.Has(FlowFields.Stop), flow.StopNanoseconds);
        Number("ageSeconds"u8, flow.Has(FlowFields.Age), flow.AgeSeconds);
        if (flow.Has(FlowFields.Helper))
        {
            Text("helper"u8, flow.Helper);
        }

        if (flow.Has(FlowFields.Labels))
        {
            writer.WriteString("labels"u8, Convert.ToHexStringLower(flow.Labels));
        }

        if (flow.Has(FlowFields.SecurityContext))
        {
            Text("securityContext"u8, flow.SecurityContext);
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    private void Idle(scoped in Flow flow)
    {
        if (idle?.Of(flow) is { IsKnown: true } known)
        {
            writer.WriteNumber("idleAtLeastSeconds"u8, known.LeastSeconds);
            Number("idleAtMostSeconds"u8, known.MostSeconds != IdleTime.NoBound, known.MostSeconds);
        }
    }

    private void Status(scoped in Flow flow)
    {
        if (!flow.Has(FlowFields.Status))
        {
            return;
        }

        writer.WriteBoolean("unreplied"u8, flow.IsUnreplied);
        writer.WriteBoolean("assured"u8, flow.IsAssured);
        if ((flow.Status & (FlowStatus.Offload | FlowStatus.HardwareOffload)) != 0)
        {
            writer.WriteString("offload"u8, (flow.Status & FlowStatus.HardwareOffload) != 0 ? "hardware"u8 : "software"u8);
        }

        if (flow.IsSourceTranslated)
        {
            writer.WriteBoolean("sourceTranslated"u8, true);
        }

        if (flow.IsDestinationTranslated)
        {
            writer.WriteBoolean("destinationTranslated"u8, true);
        }
    }

    private void Direction(
        ReadOnlySpan<byte> name, in FlowTuple tuple, bool hasZone, ushort zone, bool hasCounters, FlowCounters counters)
    {
        writer.WriteStartObject(name);
        Address("source"u8, tuple.Source);
        Address("destination"u8, tuple.Destination);
        Number("sourcePort"u8, tuple.HasPorts, tuple.SourcePort);
        Number("destinationPort"u8, tuple.HasPorts, tuple.DestinationPort);
        var icmp = FlowProtocols.IsIcmp(tuple.Protocol);
        Number("icmpType"u8, icmp, tuple.IcmpType);
        Number("icmpCode"u8, icmp, tuple.IcmpCode);
        Number("icmpId"u8, icmp, tuple.IcmpId);
        var gre = FlowProtocols.IsGre(tuple.Protocol);
        Number("sourceKey"u8, gre, tuple.SourceKey);
        Number("destinationKey"u8, gre, tuple.DestinationKey);
        Number("zone"u8, hasZone, zone);
        Number("packets"u8, hasCounters, counters.Packets);
        Number("bytes"u8, hasCounters, counters.Bytes);
        writer.WriteEndObject();
    }

    private void Number(ReadOnlySpan<byte> name, bool has, ulong number)
    {
        if (has)
        {
            writer.WriteNumber(name, number);
        }
    }

    // Helpers and security contexts are ASCII; should a kernel send something else, the line must stay JSON.
    private void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text) =>
        writer.WriteString(name, System.Text.Encoding.UTF8.GetString(text));

    private void Address(ReadOnlySpan<byte> name, FlowAddress address)
    {
        Span<byte> text = stackalloc byte[FlowAddress.MaxTextBytes];
        address.TryFormat(text, out var length);
        writer.WriteString(name, text[..length]);
    }
}

using System.Buffers;
using System.Text.Json;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Formatting;

/// <summary>Writes entries as lines of UTF-8. Not safe for several threads at once.</summary>
public sealed class FlowFormatter
{
    // Everything of fixed length, with the longest numbers and addresses, takes under 700 bytes.
    private const int FixedBytes = 1024;

    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly FlowFormat _format;
    private readonly FlowFormatOptions _options;
    private readonly TimeProvider _time;
    private readonly FlowJson _json;

    /// <summary>Chooses a format.</summary>
    /// <param name="format">The format.</param>
    /// <param name="options">What the tool's format shows; null is the least.</param>
    /// <param name="time">The clock for ages, and the local time zone; null is the system's.</param>
    /// <param name="idle">Tells idle times, which JSON has; null: left out.</param>
    public FlowFormatter(FlowFormat format, FlowFormatOptions? options = null, TimeProvider? time = null, IdleClock? idle = null)
    {
        _json = new FlowJson(new Utf8JsonWriter(Stream.Null, new JsonWriterOptions { SkipValidation = true }), idle);
        _format = format;
        _options = options ?? new FlowFormatOptions();
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Writes one entry and a line feed.</summary>
    /// <param name="flow">The entry, read with all its fields.</param>
    /// <param name="output">Where to.</param>
    public void WriteLine(scoped in Flow flow, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_format == FlowFormat.Json)
        {
            _json.Write(flow, output);
            output.Write("\n"u8);
            return;
        }

        var line = new Utf8Line(output.GetSpan(FixedBytes + flow.Helper.Length + flow.SecurityContext.Length));
        Head(ref line, flow);
        Direction(ref line, flow.Original, flow.Has(FlowFields.OriginalZone), "zone-orig="u8, flow.OriginalZone);
        Totals(ref line, flow.Has(FlowFields.OriginalCounters), flow.OriginalCounters);
        if (flow.Has(FlowFields.Status) && flow.IsUnreplied)
        {
            line.Text("[UNREPLIED] "u8);
        }

        if (flow.Has(FlowFields.Reply))
        {
            Direction(ref line, flow.Reply, flow.Has(FlowFields.ReplyZone), "zone-reply="u8, flow.ReplyZone);
        }

        Totals(ref line, flow.Has(FlowFields.ReplyCounters), flow.ReplyCounters);
        Tail(ref line, flow);
        line.TrimSpace();
        line.Text("\n"u8);
        output.Advance(line.Length);
    }

    private void Head(ref Utf8Line line, scoped in Flow flow)
    {
        if (_format == FlowFormat.Proc || _options.Extended)
        {
            line.Padded(flow.IsIPv6 ? "ipv6"u8 : "ipv4"u8, 8);
            line.Text(" "u8);
            line.Number(flow.IsIPv6 ? (ulong)Native.AF_INET6 : Native.AF_INET);
            line.Text(" "u8);
        }

        line.Padded(ProtocolText(flow.Protocol), 8);
        line.Text(" "u8);
        line.Number(flow.Protocol);
        line.Text(" "u8);
        if (flow.Has(FlowFields.Timeout))
        {
            line.Number(flow.TimeoutSeconds);
            line.Text(" "u8);
        }

        if (flow.Has(FlowFields.State))
        {
            line.Text(FlowStates.Text(flow.Protocol, flow.State));
            line.Text(" "u8);
        }
    }

    private void Direction(ref Utf8Line line, in FlowTuple tuple, bool hasZone, scoped ReadOnlySpan<byte> zoneName, ushort zone)
    {
        var full = _format == FlowFormat.Proc;
        line.Text("src="u8);
        line.Address(tuple.Source, full);
        line.Text(" dst="u8);
        line.Address(tuple.Destination, full);
        line.Text(" "u8);
        if (tuple.HasPorts)
        {
            line.Pair("sport="u8, tuple.SourcePort);
            line.Pair("dport="u8, tuple.DestinationPort);
        }
        else if (FlowProtocols.IsIcmp(tuple.Protocol))
        {
            line.Pair("type="u8, tuple.IcmpType);
            line.Pair("code="u8, tuple.IcmpCode);
            line.Pair("id="u8, tuple.IcmpId);
        }
        else if (FlowProtocols.IsGre(tuple.Protocol))
        {
            line.Text("srckey="u8);
            line.Hexadecimal(tuple.SourceKey);
            line.Text(" dstkey="u8);
            line.Hexadecimal(tuple.DestinationKey);
            line.Text(" "u8);
        }

        if (hasZone)
        {
            line.Pair(zoneName, zone);
        }
    }

    private static void Totals(ref Utf8Line line, bool has, FlowCounters counters)
    {
        if (has)
        {
            line.Pair("packets="u8, counters.Packets);
            line.Pair("bytes="u8, counters.Bytes);
        }
    }

    private void Tail(ref Utf8Line line, scoped in Flow flow)
    {
        line.Text(
            (flow.Status & FlowStatus.HardwareOffload) != 0 ? "[HW_OFFLOAD] "u8
            : (flow.Status & FlowStatus.Offload) != 0 ? "[OFFLOAD] "u8
            : flow.IsAssured ? "[ASSURED] "u8
            : ""u8);
        if (flow.Has(FlowFields.Mark))
        {
            line.Pair("mark="u8, flow.Mark);
        }

        if (flow.Has(FlowFields.SecurityContext))
        {
            line.Text("secctx="u8);
            line.Text(flow.SecurityContext);
            line.Text(" "u8);
        }

        // ctnetlink leaves zone 0 out, and so does the tool; /proc always shows the zone of both directions.
        var ownZone = flow.Has(FlowFields.OriginalZone) || flow.Has(FlowFields.ReplyZone);
        if (_format == FlowFormat.Proc ? !ownZone : flow.Zone != 0)
        {
            line.Pair("zone="u8, flow.Zone);
        }

        if (Age(flow) is { } age)
        {
            line.Pair("delta-time="u8, age);
        }

        if (_format == FlowFormat.Tool)
        {
            ToolTail(ref line, flow);
        }
        else if (flow.Has(FlowFields.Use))
        {
            line.Pair("use="u8, flow.Use);
        }
    }

    private void ToolTail(ref Utf8Line line, scoped in Flow flow)
    {
        if (_options.Timestamps)
        {
            Time(ref line, flow.Has(FlowFields.Start), "[start="u8, flow.StartNanoseconds);
            Time(ref line, flow.Has(FlowFields.Stop), "[stop="u8, flow.StopNanoseconds);
        }

        if (flow.Has(FlowFields.Helper))
        {
            line.Text("helper="u8);
            line.Text(flow.Helper);
            line.Text(" "u8);
        }

        if (flow.Has(FlowFields.Use))
        {
            line.Pair("use="u8, flow.Use);
        }

        if (_options.Id && flow.Has(FlowFields.Id))
        {
            line.Pair("id="u8, flow.Id);
        }
    }

    private ulong? Age(scoped in Flow flow)
    {
        if (!flow.Has(FlowFields.Start))
        {
            return flow.Has(FlowFields.Age) ? flow.AgeSeconds : null;
        }

        var end = flow.Has(FlowFields.Stop)
            ? flow.StopNanoseconds / NanosecondsPerSecond
            : (ulong)Math.Max(0, _time.GetUtcNow().ToUnixTimeSeconds());
        var start = flow.StartNanoseconds / NanosecondsPerSecond;
        return end > start ? end - start : 0;
    }

    // ctime(3): "Sun Nov 22 18:08:17 2026", the day with a space before a single digit.
    private void Time(ref Utf8Line line, bool has, scoped ReadOnlySpan<byte> name, ulong nanoseconds)
    {
        if (!has)
        {
            return;
        }

        var seconds = Math.Min(nanoseconds / NanosecondsPerSecond, (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() - 86400);
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds((long)seconds), _time.LocalTimeZone);
        line.Text(name);
        line.Text("SunMonTueWedThuFriSat"u8.Slice(3 * (int)local.DayOfWeek, 3));
        line.Text(" "u8);
        line.Text("JanFebMarAprMayJunJulAugSepOctNovDec"u8.Slice(3 * (local.Month - 1), 3));
        line.Text(local.Day < 10 ? "  "u8 : " "u8);
        line.Number((ulong)local.Day);
        line.Text(" "u8);
        line.Number(local.Hour, 2);
        line.Text(":"u8);
        line.Number(local.Minute, 2);
        line.Text(":"u8);
        line.Number(local.Second, 2);
        line.Text(" "u8);
        line.Number((ulong)local.Year);
        line.Text("] "u8);
    }

    private static ReadOnlySpan<byte> ProtocolText(byte protocol) => protocol switch
    {
        Native.IPPROTO_ICMP => "icmp"u8,
        Native.IPPROTO_TCP => "tcp"u8,
        Native.IPPROTO_UDP => "udp"u8,
        Native.IPPROTO_DCCP => "dccp"u8,
        Native.IPPROTO_GRE => "gre"u8,
        Native.IPPROTO_ICMPV6 => "icmpv6"u8,
        Native.IPPROTO_SCTP => "sctp"u8,
        Native.IPPROTO_UDPLITE => "udplite"u8,
        _ => "unknown"u8,
    };
}

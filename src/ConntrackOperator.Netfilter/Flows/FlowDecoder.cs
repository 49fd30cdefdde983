using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// Decodes ctnetlink's messages (ctnetlink_fill_info in net/netfilter/nf_conntrack_netlink.c). Unknown attributes are skipped.
/// </summary>
internal static class FlowDecoder
{
    /// <param name="payload">The message after its struct nlmsghdr.</param>
    /// <param name="wanted">What to decode besides the original tuple; the rest is passed over unread.</param>
    /// <param name="decoded">False when an attribute is malformed or there is no original tuple.</param>
    internal static Flow Decode(ReadOnlySpan<byte> payload, FlowFields wanted, out bool decoded)
    {
        decoded = TryDecode(payload, wanted, out var flow);
        return flow;
    }

    /// <summary>The same without a copy: a flow is a lot to copy for each entry of a table.</summary>
    /// <returns>False when an attribute is malformed or there is no original tuple.</returns>
    internal static bool TryDecode(ReadOnlySpan<byte> payload, FlowFields wanted, out Flow flow)
    {
        flow = default;
        if (payload.Length < Nl.GenericBytes)
        {
            return false;
        }

        var present = FlowFields.None;
        var hasTuple = false;

        // The reader itself is handed to nobody, so that it stays in registers.
        var failed = false;
        var attributes = new AttributeReader(payload[Nl.GenericBytes..]);
        while (attributes.Next())
        {
            switch ((ushort)attributes.Type)
            {
                case Ctnetlink.CTA_TUPLE_ORIG:
                    hasTuple = true;
                    flow.OriginalWire = attributes.Value;
                    if (UsualTuple.TryRead(attributes.Value, ref flow.OriginalTuple))
                    {
                        break;
                    }

                    if (TupleDecoder.Read(attributes.Value, ref flow.OriginalTuple, out var originalZone, ref failed))
                    {
                        flow.OriginalZone = originalZone;
                        present |= FlowFields.OriginalZone;
                    }

                    break;

                case Ctnetlink.CTA_TUPLE_REPLY when (wanted & FlowFields.Reply) != 0:
                    present |= FlowFields.Reply;
                    if (TupleDecoder.Read(attributes.Value, ref flow.ReplyTuple, out var replyZone, ref failed))
                    {
                        flow.ReplyZone = replyZone;
                        present |= FlowFields.ReplyZone;
                    }

                    break;

                case Ctnetlink.CTA_STATUS:
                    flow.Status = (FlowStatus)attributes.BigEndian32();
                    present |= FlowFields.Status;
                    break;

                case Ctnetlink.CTA_TIMEOUT:
                    flow.TimeoutSeconds = attributes.BigEndian32();
                    present |= FlowFields.Timeout;
                    break;

                case Ctnetlink.CTA_PROTOINFO when (wanted & (FlowFields.State | FlowFields.TcpFlags)) != 0:
                    if (UsualTuple.TryReadTcpState(attributes.Value, out var state))
                    {
                        flow.State = state;
                        present |= FlowFields.State;
                        if ((wanted & FlowFields.TcpFlags) == 0)
                        {
                            break;
                        }

                        if (UsualTuple.TryReadTcpFlags(attributes.Value, out flow.TcpFlagsOriginal, out flow.TcpFlagsReply))
                        {
                            present |= FlowFields.TcpFlags;
                            break;
                        }
                    }

                    present |= ProtocolInfo(attributes.Value, ref state, ref flow.TcpFlagsOriginal, ref flow.TcpFlagsReply, ref failed);
                    flow.State = state;
                    break;

                case Ctnetlink.CTA_MARK:
                    flow.Mark = attributes.BigEndian32();
                    present |= FlowFields.Mark;
                    break;

                case Ctnetlink.CTA_ZONE:
                    flow.Zone = attributes.BigEndian16();
                    present |= FlowFields.Zone;
                    break;

                case Ctnetlink.CTA_USE:
                    flow.Use = attributes.BigEndian32();
                    present |= FlowFields.Use;
                    break;

                case Ctnetlink.CTA_ID:
                    flow.Id = attributes.BigEndian32();
                    present |= FlowFields.Id;
                    break;

                case Ctnetlink.CTA_COUNTERS_ORIG when (wanted & FlowFields.OriginalCounters) != 0:
                    flow.OriginalTotals = Counters(attributes.Value, ref failed);
                    present |= FlowFields.OriginalCounters;
                    break;

                case Ctnetlink.CTA_COUNTERS_REPLY when (wanted & FlowFields.ReplyCounters) != 0:
                    flow.ReplyTotals = Counters(attributes.Value, ref failed);
                    present |= FlowFields.ReplyCounters;
                    break;

                case Ctnetlink.CTA_TIMESTAMP when (wanted & (FlowFields.Start | FlowFields.Stop)) != 0:
                    var (start, stop) = Timestamps(attributes.Value, ref failed);
                    flow.StartNanoseconds = start;
                    flow.StopNanoseconds = stop;
                    present |= (start != 0 ? FlowFields.Start : 0) | (stop != 0 ? FlowFields.Stop : 0);
                    break;

                case Ctnetlink.CTA_HELP when (wanted & FlowFields.Helper) != 0:
                    flow.HelperName = Text(attributes.Value, Ctnetlink.CTA_HELP_NAME, ref failed);
                    present |= FlowFields.Helper;
                    break;

                case Ctnetlink.CTA_SECCTX when (wanted & FlowFields.SecurityContext) != 0:
                    flow.Security = Text(attributes.Value, Ctnetlink.CTA_SECCTX_NAME, ref failed);
                    present |= FlowFields.SecurityContext;
                    break;

                case Ctnetlink.CTA_LABELS:
                    flow.LabelBits = attributes.Value;
                    present |= FlowFields.Labels;
                    break;

                default:
                    break;
            }
        }

        flow.Fields = present & (wanted | FlowFields.OriginalZone);
        return hasTuple && !failed && !attributes.Failed;
    }

    private static FlowFields ProtocolInfo(ReadOnlySpan<byte> value, ref byte state, ref byte original, ref byte reply, ref bool failed)
    {
        var found = FlowFields.None;
        var directions = 0;
        var parts = new AttributeReader(value);
        while (parts.Next())
        {
            // CTA_PROTOINFO_{TCP,SCTP,DCCP}_STATE are all attribute 1.
            if (parts.Type is not (Ctnetlink.CTA_PROTOINFO_TCP or Ctnetlink.CTA_PROTOINFO_SCTP or Ctnetlink.CTA_PROTOINFO_DCCP))
            {
                continue;
            }

            var isTcp = parts.Type == Ctnetlink.CTA_PROTOINFO_TCP;
            var details = new AttributeReader(parts.Value);
            while (details.Next())
            {
                switch ((ushort)details.Type)
                {
                    case Ctnetlink.CTA_PROTOINFO_TCP_STATE:
                        state = details.Byte();
                        found |= FlowFields.State;
                        break;
                    case Ctnetlink.CTA_PROTOINFO_TCP_FLAGS_ORIGINAL when isTcp:
                        original = details.Byte();
                        directions |= 1;
                        break;
                    case Ctnetlink.CTA_PROTOINFO_TCP_FLAGS_REPLY when isTcp:
                        reply = details.Byte();
                        directions |= 2;
                        break;
                    default:
                        break;
                }
            }

            parts.Absorb(details);
        }

        failed |= parts.Failed;
        return found | (directions == 3 ? FlowFields.TcpFlags : FlowFields.None);
    }

    private static FlowCounters Counters(ReadOnlySpan<byte> value, ref bool failed)
    {
        var (packets, bytes) = Pair(value, Ctnetlink.CTA_COUNTERS_PACKETS, Ctnetlink.CTA_COUNTERS_BYTES, ref failed);
        return new FlowCounters(packets, bytes);
    }

    private static (ulong Start, ulong Stop) Timestamps(ReadOnlySpan<byte> value, ref bool failed) =>
        Pair(value, Ctnetlink.CTA_TIMESTAMP_START, Ctnetlink.CTA_TIMESTAMP_STOP, ref failed);

    private static (ulong First, ulong Second) Pair(ReadOnlySpan<byte> value, ushort first, ushort second, ref bool failed)
    {
        var (one, other) = (0ul, 0ul);
        var parts = new AttributeReader(value);
        while (parts.Next())
        {
            if (parts.Type == first)
            {
                one = parts.BigEndian64();
            }
            else if (parts.Type == second)
            {
                other = parts.BigEndian64();
            }
        }

        failed |= parts.Failed;
        return (one, other);
    }

    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> value, ushort type, scoped ref bool failed)
    {
        ReadOnlySpan<byte> text = default;
        var parts = new AttributeReader(value);
        while (parts.Next())
        {
            if (parts.Type == type)
            {
                text = parts.Value.TrimEnd((byte)0);
            }
        }

        failed |= parts.Failed;
        return text;
    }
}

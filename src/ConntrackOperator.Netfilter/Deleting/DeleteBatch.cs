using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// Deletes the entries that matched in one datagram of a dump before what the datagram says is too old: the kernel read the
/// entry at most <see cref="MaxAge"/> ago. What is older when its turn comes is asked for again, and goes only if it still
/// matches and is still the same entry. So is what was judged by something that holds no more.
/// </summary>
/// <remarks>
/// <para>Each message (IPCTNL_MSG_CT_DELETE) names the original tuple, the zone and the id. The kernel makes the id of the
/// entry's place in memory, its tuple and its namespace (nf_ct_get_id), so a connection that is closed and opened again from
/// the same port often gets the same one: the kernel's check of it (ENOENT) keeps other connections from harm, not that one.
/// Asking again compares the start as well, where nf_conntrack_timestamp is on.</para>
/// <para>A message without a tuple would flush the whole table: none is ever written.</para>
/// <para>Within <see cref="MaxAge"/> a packet may still pass that nobody sees: the kernel has no 'delete if idle'. A thread
/// that is taken off its CPU amid a send deletes later than that; <see cref="Delays"/> tells how often.</para>
/// </remarks>
/// <param name="transport">A socket of its own.</param>
/// <param name="predicate">What is asked again.</param>
/// <param name="wanted">What has to be decoded for it.</param>
/// <param name="time">The clock.</param>
/// <param name="holds">
/// Is asked after entries were read and before they go: whether what the predicate goes by (which time-outs are set) still holds. When
/// not, it goes by something else from then on. Null: it goes by the entry alone.
/// </param>
internal sealed class DeleteBatch(
    INetlinkTransport transport, FlowPredicate predicate, FlowFields wanted, TimeProvider time, Func<bool>? holds = null) : IDisposable
{
    /// <summary>What the age of the knowledge is held to, from when the kernel read the entry to when it deleted it.</summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(2);

    // Sending a slice takes some 50 µs, so what is younger than this when it is sent is deleted in time.
    private static readonly TimeSpan _maxAgeToSend = TimeSpan.FromMilliseconds(1.5);

    // What one message can take: headers, an IPv6 tuple with a zone, a zone, an id.
    private const int MaxMessageBytes = 256;
    private const int BatchBytes = 64 * 1024;

    // The kernel works through a whole send before it returns. Short ones keep what can't be helped (being taken off the CPU
    // amid one) to few entries, and bound how many answers can queue.
    private const int MaxSlice = 32;

    // Each time fewer at once: the last ones go one by one, within some 10 µs of being seen.
    private const int MaxLate = 16;

    private readonly byte[] _messages = new byte[BatchBytes];
    private readonly byte[] _answers = new byte[NetlinkDump.BufferBytes];
    private readonly byte[] _sending = new byte[MaxSlice * MaxMessageBytes];
    private readonly List<Queued> _queued = new(512);
    private int _length;
    private long _readAt;

    private enum Answer : byte
    {
        None,
        StillMatches,
        Settled,
    }

    internal long Deleted { get; private set; }

    /// <summary>Those that the kernel would not delete.</summary>
    internal DeleteRefusals Refusals { get; } = new();

    /// <summary>Those that no longer matched when they were asked for again.</summary>
    internal long Kept { get; private set; }

    internal long AskedAgain { get; private set; }

    /// <summary>From when the kernel can have read an entry at the earliest to when it had been deleted at the latest.</summary>
    internal DelayHistogram Delays { get; } = new();

    /// <summary>What is added from now on was read by the kernel at <paramref name="readAt"/> (the clock's timestamp) or later.</summary>
    internal void Begin(long readAt) => _readAt = readAt;

    /// <summary>Queues the deletion of one entry.</summary>
    /// <returns>False when the entry can't be named safely: no tuple or no id.</returns>
    internal bool Add(scoped in Flow flow)
    {
        if (flow.OriginalWire.IsEmpty || flow.OriginalWire.Length > MaxMessageBytes / 2 || !flow.Has(FlowFields.Id))
        {
            return false;
        }

        if (_messages.Length - _length < MaxMessageBytes)
        {
            Flush();
        }

        var writer = new MessageWriter(_messages.AsSpan(_length));
        writer.Begin(
            Ctnetlink.IPCTNL_MSG_CT_DELETE, Nl.NLM_F_REQUEST, (uint)_queued.Count, (byte)(flow.IsIPv6 ? Native.AF_INET6 : Native.AF_INET));
        writer.Attribute(Ctnetlink.CTA_TUPLE_ORIG | Nl.NLA_F_NESTED, flow.OriginalWire);
        if (flow.Has(FlowFields.Zone))
        {
            writer.BigEndian16(Ctnetlink.CTA_ZONE, flow.Zone);
        }

        writer.BigEndian32(Ctnetlink.CTA_ID, flow.Id);
        writer.End();
        _queued.Add(new Queued(_length, writer.Length, flow.Id, flow.StartNanoseconds, (flow.Status & FlowStatus.Offload) != 0));
        _length += writer.Length;
        return true;
    }

    /// <summary>Deletes what is queued, or finds out that it is not to be deleted any more.</summary>
    /// <exception cref="NetlinkException">It can't be sent, or this process may not delete.</exception>
    internal void Flush()
    {
        if (_queued.Count == 0)
        {
            return;
        }

        var all = CollectionsMarshal.AsSpan(_queued);
        AskAndDelete(all[DeleteWhileFresh(all, _readAt)..]);
        _queued.Clear();
        _length = 0;
    }

    public void Dispose() => transport.Dispose();

    /// <returns>How many were sent in time; none when they were judged by what holds no more.</returns>
    private int DeleteWhileFresh(ReadOnlySpan<Queued> entries, long readAt)
    {
        if (entries.IsEmpty || holds?.Invoke() == false)
        {
            return 0;
        }

        var done = 0;
        while (done < entries.Length && time.GetElapsedTime(readAt) <= _maxAgeToSend)
        {
            var slice = entries[done..Math.Min(done + MaxSlice, entries.Length)];
            Send(slice, Ctnetlink.IPCTNL_MSG_CT_DELETE);

            // The kernel works through the messages inside send: when it returns, all is deleted and all refusals are there.
            Delays.Add(time.GetElapsedTime(readAt), slice.Length);
            Deleted += slice.Length - ReadRefusals(slice);
            done += slice.Length;
        }

        return done;
    }

    private void AskAndDelete(Span<Queued> rest)
    {
        var atOnce = MaxSlice;
        var late = 0;
        while (!rest.IsEmpty)
        {
            var asked = rest[..Math.Min(atOnce, rest.Length)];
            var askedAt = time.GetTimestamp();
            var open = Ask(asked, out var confirmed);
            var sent = DeleteWhileFresh(asked[..confirmed], askedAt);
            if (sent == open)
            {
                rest = rest[asked.Length..];
                late = 0;
                continue;
            }

            // Too slow again, an answer was lost, or a time-out was changed meanwhile: fewer at once, which are deleted the sooner.
            var again = asked[sent..open];
            again.CopyTo(asked[^again.Length..]);
            rest = rest[(asked.Length - again.Length)..];
            atOnce = Math.Max(1, atOnce / 2);
            if (++late == MaxLate)
            {
                Refusals.AddFailed(rest.Length, "the machine was too busy to delete them while what was known of them still held");
                return;
            }
        }
    }

    /// <summary>Asks for entries again and settles those that are gone or no longer match.</summary>
    /// <param name="entries">Which; those that are not settled are moved to the front, the confirmed ones first.</param>
    /// <param name="confirmed">How many still match.</param>
    /// <returns>How many are not settled: confirmed, or not answered for.</returns>
    private int Ask(Span<Queued> entries, out int confirmed)
    {
        AskedAgain += entries.Length;
        Send(entries, Ctnetlink.IPCTNL_MSG_CT_GET);
        Span<Answer> answers = stackalloc Answer[MaxSlice];
        answers.Clear();
        while (TryReceive(out var datagram))
        {
            var reader = new MessageReader(datagram);
            while (reader.Next())
            {
                if (reader.Sequence < (uint)entries.Length && answers[(int)reader.Sequence] == Answer.None)
                {
                    answers[(int)reader.Sequence] = Judge(entries[(int)reader.Sequence], reader);
                }
            }
        }

        confirmed = Gather(entries, answers, Answer.StillMatches, 0);
        return Gather(entries, answers, Answer.None, confirmed);
    }

    private static int Gather(Span<Queued> entries, Span<Answer> answers, Answer wanted, int to)
    {
        for (var i = to; i < entries.Length; i++)
        {
            if (answers[i] == wanted)
            {
                (entries[to], entries[i]) = (entries[i], entries[to]);
                (answers[to], answers[i]) = (answers[i], answers[to]);
                to++;
            }
        }

        return to;
    }

    private Answer Judge(Queued asked, scoped in MessageReader message)
    {
        if (message.Type == Nl.NLMSG_ERROR)
        {
            Refusals.Add(message, asked.Offloaded);
            return Answer.Settled;
        }

        var flow = FlowDecoder.Decode(message.Payload, wanted, out var decoded);
        if (!decoded || flow.Id != asked.Id
            || (asked.StartNanoseconds != 0 && flow.StartNanoseconds != 0 && asked.StartNanoseconds != flow.StartNanoseconds))
        {
            Refusals.AddGone();
            return Answer.Settled;
        }

        if (predicate.Matches(flow))
        {
            return Answer.StillMatches;
        }

        Kept++;
        return Answer.Settled;
    }

    private void Send(ReadOnlySpan<Queued> entries, ushort operation)
    {
        var length = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            var message = _sending.AsSpan(length, entries[i].Length);
            _messages.AsSpan(entries[i].Start, entries[i].Length).CopyTo(message);
            MessageWriter.Readdress(message, operation, (uint)i);
            length += message.Length;
        }

        transport.Send(_sending.AsSpan(0, length));
    }

    /// <summary>Takes the next datagram of answers, if there is one.</summary>
    private bool TryReceive(out ReadOnlySpan<byte> datagram)
    {
        while (true)
        {
            try
            {
                var got = transport.TryReceive(_answers);
                datagram = _answers.AsSpan(0, Math.Min(got, _answers.Length));
                return got != 0;
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOBUFS)
            {
                // Some answers were lost. To a deletion: those entries count as deleted, and they are gone in any case.
                // To a question: it is asked again.
            }
        }
    }

    private int ReadRefusals(ReadOnlySpan<Queued> sent)
    {
        var refusals = 0;
        while (TryReceive(out var datagram))
        {
            var reader = new MessageReader(datagram);
            while (reader.Next())
            {
                if (reader.Type == Nl.NLMSG_ERROR
                    && Refusals.Add(reader, reader.Sequence < (uint)sent.Length && sent[(int)reader.Sequence].Offloaded))
                {
                    refusals++;
                }
            }
        }

        return refusals;
    }

    /// <param name="Start">Where its message begins.</param>
    /// <param name="Length">The message's bytes.</param>
    /// <param name="Id">The entry's id.</param>
    /// <param name="StartNanoseconds">When the entry began; 0 where the kernel does not keep it.</param>
    /// <param name="Offloaded">Whether a flow table forwards it.</param>
    private readonly record struct Queued(int Start, int Length, uint Id, ulong StartNanoseconds, bool Offloaded);
}

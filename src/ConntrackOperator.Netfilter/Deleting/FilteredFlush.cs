using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// Deletes by one request for each filter what the kernel can decide as a whole, after a dump by the same filter has shown that the kernel
/// understands it: every entry that it sends is checked. Any doubt, and nothing is deleted here.
/// </summary>
/// <param name="open">Opens a socket.</param>
/// <param name="predicate">The whole match.</param>
/// <param name="wanted">What has to be decoded for it.</param>
/// <param name="tableEntries">How many entries the kernel says the table has; null when it can't be read.</param>
/// <param name="mostChecked">
/// Entries that are checked and counted of each filter at most. Looking at each would take longer than deleting them.
/// </param>
internal sealed class FilteredFlush(
    Func<INetlinkTransport> open, FlowPredicate predicate, FlowFields wanted, Func<long?> tableEntries,
    int mostChecked = FilteredFlush.MostChecked)
{
    internal const int MostChecked = 20_000;

    private const string Reading = "read the conntrack table";
    private const string Deleting = "delete conntrack entries by a filter";
    private const uint Sequence = 1;

    /// <returns>
    /// What was done, and what stopped it amid that if something did; null: nothing, since this kernel is not to be trusted with it.
    /// </returns>
    internal FlushOutcome? TryRun(IReadOnlyList<KernelFilter> filters, CancellationToken cancellationToken)
    {
        List<(KernelFilter Filter, Checked Seen)> matching = [];
        foreach (var filter in filters)
        {
            if (!filter.DecidesAll || Look(filter, mostChecked, cancellationToken) is not { Sound: true } seen)
            {
                return null;
            }

            if (seen.Entries > 0)
            {
                matching.Add((filter, seen));
            }
        }

        var counted = matching.TrueForAll(m => m.Seen.Complete);
        var before = tableEntries();
        if (!counted && before is null)
        {
            return null;
        }

        var (flushed, unclear) = (0, false);
        NetlinkException? stopped = null;
        while (flushed < matching.Count && stopped is null)
        {
            (stopped, var refused) = Flush(matching[flushed].Filter);
            if (stopped is null)
            {
                flushed++;
                continue;
            }

            if (refused && flushed == 0)
            {
                return null;
            }

            // Without a clear answer nobody knows what is gone, but for the count of the table.
            unclear = !refused;
        }

        return Outcome(matching, flushed, unclear, counted && !unclear, before, stopped?.Message);
    }

    /// <param name="matching">What matched, before it.</param>
    /// <param name="flushed">How many of the filters the kernel has deleted by.</param>
    /// <param name="unclear">Whether nobody knows if it has deleted by the one after these.</param>
    /// <param name="counted">Whether the entries were counted one by one, all of them.</param>
    /// <param name="before">Entries in the table before it.</param>
    /// <param name="stopped">Why it did not go on.</param>
    private FlushOutcome Outcome(
        List<(KernelFilter Filter, Checked Seen)> matching, int flushed, bool unclear, bool counted, long? before, string? stopped)
    {
        var gone = matching[..flushed];
        var seen = gone.Sum(m => m.Seen.Entries);
        long? kept = 0;
        foreach (var (filter, was) in gone)
        {
            kept += was.Offloaded is { } offloaded ? StillThere(filter, offloaded) : 0;
        }

        // Where that can't be looked at, only what could not be kept is known to be gone, and what the count of the table tells.
        var left = Math.Min(kept ?? 0, seen);
        var deleted = seen - (kept is null ? gone.Sum(m => m.Seen.Offloaded?.Count ?? 0) : left);
        counted &= kept is not null;
        if (!counted && before is { } entries)
        {
            deleted = Math.Max(deleted, entries - (tableEntries() ?? entries));
        }

        // What an unclear answer leaves open is in the fall of the count already, as far as it is gone.
        var rest = matching.Skip(flushed + (unclear ? 1 : 0)).Sum(m => m.Seen.Entries);
        var matched = Math.Max(deleted + left + rest, matching.Sum(m => m.Seen.Entries));
        return new FlushOutcome(before ?? matched, matched, deleted, left, !counted, stopped);
    }

    /// <inheritdoc cref="Dump"/>
    private Checked? Look(KernelFilter filter, long most, CancellationToken cancellationToken)
    {
        var visitor = new CheckingVisitor(predicate, wanted, most);
        return Dump(filter, ref visitor, cancellationToken) is { } outcome
            ? visitor.Seen with { Complete = outcome == DumpOutcome.Complete }
            : null;
    }

    /// <returns>Null when the kernel does not take the filter, or an answer was lost.</returns>
    private DumpOutcome? Dump<TVisitor>(KernelFilter filter, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IMessageVisitor
    {
        Span<byte> request = stackalloc byte[DumpRequest.MaxBytes];
        try
        {
            using var transport = open();
            return NetlinkDump.Run(
                transport,
                Reading,
                request[..new DumpRequest(filter).Write(request, Sequence)],
                Sequence,
                new byte[NetlinkDump.BufferBytes],
                ref visitor,
                cancellationToken);
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>
    /// How many of the offloaded entries a kernel has kept, by their ids; at most, since a connection that was opened again from the same
    /// port may have the same id. Since 6.4 none is kept, and what is offloaded now is new.
    /// </summary>
    /// <returns>Null where that can't be looked at.</returns>
    private long? StillThere(KernelFilter filter, HashSet<uint> offloaded)
    {
        // It can't be cancelled: what is deleted by now has to be told.
        var narrow = filter with { Status = filter.Status | FlowStatus.Offload, StatusMask = filter.StatusMask | FlowStatus.Offload };
        var visitor = new CountingVisitor(offloaded);
        return Dump(narrow, ref visitor, CancellationToken.None) is null ? null : visitor.Seen;
    }

    /// <returns>
    /// Null when it is done; else why not, and whether the kernel has refused the request, so that nothing is deleted by it. Without a
    /// clear answer something may be.
    /// </returns>
    private (NetlinkException? Stopped, bool Refused) Flush(KernelFilter filter)
    {
        Span<byte> request = stackalloc byte[FlushRequest.MaxBytes];
        var sent = false;
        try
        {
            using var transport = open();
            transport.Send(request[..FlushRequest.Write(request, filter, Sequence)]);
            sent = true;
            var buffer = new byte[NetlinkDump.BufferBytes];
            var messages = new MessageReader(buffer.AsSpan(0, Math.Min(transport.Receive(buffer), buffer.Length)));
            if (!messages.Next() || messages.Sequence != Sequence || messages.Type != Interop.Nl.NLMSG_ERROR)
            {
                return (new NetlinkException(Deleting, Interop.Errno.EBADMSG), false);
            }

            var errno = NetlinkDump.ReadError(messages.Flags, messages.Payload, out var words);
            return errno == 0 ? (null, false) : (new NetlinkException(Deleting, errno, words), errno != Interop.Errno.EBADMSG);
        }
        catch (NetlinkException e)
        {
            return (e, !sent);
        }
    }

    /// <param name="Sound">Whether every entry that came matches.</param>
    /// <param name="Entries">How many came.</param>
    /// <param name="Offloaded">The ids of those that a flow table forwards; null: none is.</param>
    /// <param name="Complete">Whether there are no more.</param>
    private readonly record struct Checked(bool Sound, long Entries, HashSet<uint>? Offloaded, bool Complete);

    private struct CheckingVisitor(FlowPredicate predicate, FlowFields wanted, long most) : IMessageVisitor
    {
        internal Checked Seen { get; private set; } = new(true, 0, null, false);

        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            if (Seen.Entries == most)
            {
                return false;
            }

            var sound = FlowDecoder.TryDecode(payload, wanted, out var flow) && predicate.Matches(flow);
            Seen = Seen with { Sound = sound, Entries = Seen.Entries + 1 };
            if (sound && (flow.Status & FlowStatus.Offload) != 0)
            {
                Seen = Seen with { Offloaded = Seen.Offloaded ?? [] };
                Seen.Offloaded.Add(flow.Id);
            }

            return sound;
        }
    }

    private struct CountingVisitor(HashSet<uint> ids) : IMessageVisitor
    {
        internal long Seen { get; private set; }

        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            if (FlowDecoder.TryDecode(payload, FlowFields.Id, out var flow) && ids.Contains(flow.Id))
            {
                Seen++;
            }

            return true;
        }
    }
}

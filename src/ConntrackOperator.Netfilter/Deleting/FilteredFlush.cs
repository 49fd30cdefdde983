using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Netlink;

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
    Func<INetlinkTransport> open, FlowPredicate predicate, FlowFields wanted, Func<long?> tableEntries, int mostChecked = FilteredFlush.MostChecked)
{
    internal const int MostChecked = 20_000;

    private const string Reading = "read the conntrack table";
    private const string Deleting = "delete conntrack entries by a filter";
    private const uint Sequence = 1;

    /// <returns>What was done; null: nothing, since this kernel is not to be trusted with it.</returns>
    /// <exception cref="NetlinkException">The kernel would not go on amid it.</exception>
    internal FlushOutcome? TryRun(IReadOnlyList<KernelFilter> filters, CancellationToken cancellation)
    {
        List<(KernelFilter Filter, Checked Seen)> matching = [];
        foreach (var filter in filters)
        {
            if (!filter.DecidesAll || Look(filter, mostChecked, cancellation) is not { Sound: true } seen)
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

        var begun = false;
        foreach (var (filter, _) in matching)
        {
            if (!Flush(filter, begun))
            {
                return null;
            }

            begun = true;
        }

        var after = counted ? 0 : tableEntries() ?? before!.Value;
        var left = matching.Sum(m => m.Seen.Offloaded > 0 ? Offloaded(m.Filter, cancellation) : 0);
        var matched = counted ? matching.Sum(m => m.Seen.Entries) : Math.Max(before!.Value - after, 0) + left;
        return new FlushOutcome(before ?? matched, matched, Math.Min(left, matched), !counted);
    }

    /// <returns>Null when the kernel does not take the filter, or an answer was lost.</returns>
    private Checked? Look(KernelFilter filter, long most, CancellationToken cancellation)
    {
        Span<byte> request = stackalloc byte[DumpRequest.MaxBytes];
        using var transport = open();
        var visitor = new CheckingVisitor(predicate, wanted, most);
        try
        {
            var outcome = NetlinkDump.Run(
                transport,
                Reading,
                request[..new DumpRequest(filter).Write(request, Sequence)],
                Sequence,
                new byte[NetlinkDump.BufferBytes],
                ref visitor,
                cancellation);
            return visitor.Seen with { Complete = outcome == DumpOutcome.Complete };
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    // What the kernel would not delete is still there, and was offloaded: new entries are not.
    private long Offloaded(KernelFilter filter, CancellationToken cancellation) =>
        Look(filter with { Status = filter.Status | FlowStatus.Offload, StatusMask = filter.StatusMask | FlowStatus.Offload }, long.MaxValue, cancellation)?.Offloaded ?? 0;

    /// <returns>False when the kernel refuses, and nothing was deleted yet.</returns>
    private bool Flush(KernelFilter filter, bool begun)
    {
        Span<byte> request = stackalloc byte[FlushRequest.MaxBytes];
        using var transport = open();
        transport.Send(request[..FlushRequest.Write(request, filter, Sequence)]);
        var buffer = new byte[NetlinkDump.BufferBytes];
        var messages = new MessageReader(buffer.AsSpan(0, Math.Min(transport.Receive(buffer), buffer.Length)));
        var errno = messages.Next() && messages.Sequence == Sequence && messages.Type == Interop.Nl.NLMSG_ERROR
            ? NetlinkDump.ReadError(messages.Flags, messages.Payload, out _)
            : Interop.Errno.EBADMSG;
        return errno == 0 || (begun || errno == Interop.Errno.EBADMSG ? throw new NetlinkException(Deleting, errno) : false);
    }

    /// <param name="Sound">Whether every entry that came matches.</param>
    /// <param name="Entries">How many came.</param>
    /// <param name="Offloaded">How many of them a flow table forwards.</param>
    /// <param name="Complete">Whether there are no more.</param>
    private readonly record struct Checked(bool Sound, long Entries, long Offloaded, bool Complete);

    private struct CheckingVisitor(FlowPredicate predicate, FlowFields wanted, long most) : IMessageVisitor
    {
        internal Checked Seen { get; private set; } = new(true, 0, 0, false);

        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            if (Seen.Entries == most)
            {
                return false;
            }

            var sound = FlowDecoder.TryDecode(payload, wanted, out var flow) && predicate.Matches(flow);
            Seen = Seen with
            {
                Sound = sound,
                Entries = Seen.Entries + 1,
                Offloaded = Seen.Offloaded + ((flow.Status & FlowStatus.Offload) != 0 ? 1 : 0),
            };
            return sound;
        }
    }
}

using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>Deletes entries of the calling thread's network namespace. Needs ctnetlink and CAP_NET_ADMIN.</summary>
public sealed class FlowDeleter
{
    private const int SocketBufferBytes = 4 << 20;

    private readonly Func<INetlinkTransport> _open;
    private readonly SysctlDirectory _sysctls;
    private readonly TimeProvider _time;
    private readonly TimeoutWatch _timeouts;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="sysctls">Where nf_conntrack_count is; null is the default directory.</param>
    /// <param name="time">The clock for progress; null is the system's.</param>
    /// <param name="timeouts">
    /// What is known of the time-outs, for a match by idle time; null: nothing from before the deletion, so that no entry counts as idle.
    /// </param>
    public FlowDeleter(SysctlDirectory? sysctls = null, TimeProvider? time = null, TimeoutWatch? timeouts = null)
        : this(NetlinkSocket.Open, sysctls, time, timeouts)
    {
    }

    internal FlowDeleter(Func<INetlinkTransport> open, SysctlDirectory? sysctls, TimeProvider? time, TimeoutWatch? timeouts = null)
    {
        _open = open;
        _sysctls = sysctls ?? new SysctlDirectory();
        _time = time ?? TimeProvider.System;
        _timeouts = timeouts ?? new TimeoutWatch(_sysctls, _time);
    }

    /// <summary>
    /// Deletes every entry that matches. An entry that begins while this runs may or may not be met. Never deletes one that
    /// took over the tuple of an entry that matched: the kernel compares identities.
    /// </summary>
    /// <param name="m">Which entries. An empty match is every entry: asking twice is the caller's business.</param>
    /// <param name="dryRun">Count only.</param>
    /// <param name="p">Is told how far it is, about ten times a second and at the end; on the calling thread.</param>
    /// <param name="ct">Looked at about every hundred entries. What was deleted until then stays deleted.</param>
    /// <exception cref="NetlinkException">The table can't be read to its end, or nothing may be deleted.</exception>
    /// <exception cref="ArgumentException">The match names a state that the protocol does not have.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public DeleteResult Delete(FlowMatch m, bool dryRun, IProgress<DeleteProgress>? p = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(m);
        var filter = new FlowFilter { Match = m };
        var predicate = new FlowPredicate(filter, m.IdleFor is null ? null : _timeouts.Clock(m.TimeoutsHeld));
        using var batch = new DeleteBatch(OpenForDeleting());
        var run = new DeleteRun(predicate, dryRun ? null : batch, p, _time, _sysctls.Read(SysctlNames.Count).Value ?? 0);
        var visitor = new DeletingVisitor(run);

        // No /proc here: it gives no identities.
        var read = new CtnetlinkTable(_open).Read(filter, predicate.Needs | FlowFields.Id | FlowFields.Zone, ref visitor, ct);
        batch.Flush();
        run.Report();
        return new DeleteResult
        {
            Examined = read.Entries,
            Matched = run.Matched,
            MatchingIfHeld = predicate.MatchingIfHeld,
            Deleted = batch.Deleted,
            Gone = batch.Gone,
            Failed = batch.Failed + run.Unnamed,
            Error = batch.Error ?? (run.Unnamed > 0 ? "the kernel gave no identity for them" : null),
            DryRun = dryRun,
            Complete = read.Complete,
            Elapsed = run.Elapsed,
        };
    }

    private INetlinkTransport OpenForDeleting()
    {
        var transport = _open();
        (transport as NetlinkSocket)?.ReserveBuffers(SocketBufferBytes);
        return transport;
    }

    private readonly struct DeletingVisitor(DeleteRun run) : IFlowVisitor
    {
        public bool Visit(scoped in Flow flow)
        {
            run.Examine(flow);
            return true;
        }

        public bool Restart()
        {
            run.Restart();
            return true;
        }
    }
}

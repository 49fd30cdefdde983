using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What the kernel would not delete, and why.</summary>
internal sealed class DeleteRefusals
{
    /// <summary>None found by its tuple that has its id, any more.</summary>
    internal long Gone { get; private set; }

    /// <summary>
    /// Forwarded by a flow table: kernels before 6.4, and before stable releases of mid-2023, refuse to delete those (EBUSY).
    /// </summary>
    internal long Offloaded { get; private set; }

    internal long Failed { get; private set; }

    /// <summary>The first reason of those that failed.</summary>
    internal string? Error { get; private set; }

    internal void AddGone() => Gone++;

    internal void AddFailed(long entries, string error)
    {
        Failed += entries;
        Error ??= error;
    }

    /// <summary>Counts the kernel's answer about one entry.</summary>
    /// <returns>Whether it is a refusal.</returns>
    /// <exception cref="NetlinkException">This process may not delete.</exception>
    internal bool Add(scoped in MessageReader message, bool offloaded)
    {
        var errno = NetlinkDump.ReadError(message.Flags, message.Payload, out var words);
        switch (errno)
        {
            case 0:
                return false;
            case Errno.ENOENT:
                Gone++;
                return true;
            case Errno.EBUSY when offloaded:
                Offloaded++;
                return true;
            case Errno.EPERM:
                throw new NetlinkException("delete conntrack entries", errno, words);
            default:
                AddFailed(1, words ?? Errno.Describe(errno));
                return true;
        }
    }
}

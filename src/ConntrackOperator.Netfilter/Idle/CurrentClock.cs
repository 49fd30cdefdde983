using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using Microsoft.Win32.SafeHandles;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// An idle clock for deletions, which can be asked whether the time-outs are still those that it knows as the present ones. An entry that
/// the kernel had read before it was asked, and that it says is idle, was not armed by a time-out that came after the clock was made.
/// </summary>
/// <remarks>
/// To ask costs a read of each sysctl, of files that stay open, and a listing of time-out objects and flow tables over a socket that
/// does: some 30 µs together. A subsystem that the kernel lacked when it was first asked is not asked again: the kernel would look for its
/// module each time. For one thread, in whose network namespace it is; not safe for several at once.
/// </remarks>
internal sealed class CurrentClock : IDisposable
{
    private readonly TimeoutWatch _watch;
    private readonly SysctlDirectory _sysctls;
    private readonly Func<INetlinkTransport> _open;
    private readonly bool _assumeHeld;
    private readonly Dictionary<string, SafeFileHandle> _files = new(StringComparer.Ordinal);
    private readonly HashSet<(byte Subsystem, ushort Operation)> _absent = [];
    private KeptSocket? _socket;

    /// <param name="watch">What is known of the time-outs.</param>
    /// <param name="sysctls">Where the sysctls are.</param>
    /// <param name="open">Opens a socket to netfilter's subsystems.</param>
    /// <param name="assumeHeld">See <see cref="IdleClock"/>.</param>
    internal CurrentClock(TimeoutWatch watch, SysctlDirectory sysctls, Func<INetlinkTransport> open, bool assumeHeld)
    {
        _watch = watch;
        _sysctls = sysctls;
        _open = open;
        _assumeHeld = assumeHeld;
        Clock = watch.Clock(assumeHeld);
    }

    /// <summary>The clock.</summary>
    internal IdleClock Clock { get; private set; }

    /// <summary>Looks whether anything is set that the clock does not know as present.</summary>
    /// <returns>
    /// False when there is: then <see cref="Clock"/> is another one, which knows what was and what is, and nothing that the one before
    /// said counts.
    /// </returns>
    internal bool Holds()
    {
        if (Clock.History.Current is { } known && SysctlsAreAs(known) && NoObjectsBut(known))
        {
            return true;
        }

        Clock = _watch.Clock(_assumeHeld).ReadingOnFrom(Clock);
        return false;
    }

    public void Dispose()
    {
        _socket?.Close();
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }

        _files.Clear();
    }

    // What could not be read is nothing that anybody goes by.
    private bool SysctlsAreAs(ConfiguredTimeouts known)
    {
        foreach (var (key, value) in known.Sysctls)
        {
            if (Read(key) != value)
            {
                return false;
            }
        }

        return true;
    }

    // Of what is gone the clock takes it that it may still be there.
    private bool NoObjectsBut(ConfiguredTimeouts known)
    {
        var found = TimeoutObjects.List(Open, absent: _absent);
        return found.Values.IsSubsetOf(known.Objects) && found.Unclear.IsSubsetOf(known.UnclearProtocols)
            && (!found.HasFlowTables || known.HasFlowTables) && (found.IsComplete || !known.ObjectsListed);
    }

    private long? Read(string key)
    {
        Span<byte> text = stackalloc byte[32];
        try
        {
            if (!_files.TryGetValue(key, out var file))
            {
                file = File.OpenHandle(
                    Path.Combine(_sysctls.Path, key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                _files.Add(key, file);
            }

            var length = RandomAccess.Read(file, text, 0);
            return SysctlDirectory.TryParse(text[..length], out var value) ? value : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            // Perhaps another one is in its place by now.
            if (_files.Remove(key, out var broken))
            {
                broken.Dispose();
            }

            return null;
        }
    }

    private KeptSocket Open()
    {
        if (_socket is { Failed: true })
        {
            _socket.Close();
            _socket = null;
        }

        return _socket ??= new KeptSocket(_open());
    }

    /// <summary>Stays open for the next one; answers may still lie in one that failed.</summary>
    private sealed class KeptSocket(INetlinkTransport inner) : INetlinkTransport
    {
        public uint PortId => inner.PortId;

        internal bool Failed { get; private set; }

        public void Send(ReadOnlySpan<byte> datagram)
        {
            Failed = true;
            inner.Send(datagram);
            Failed = false;
        }

        public int Receive(Span<byte> buffer)
        {
            Failed = true;
            var length = inner.Receive(buffer);
            Failed = length > buffer.Length;
            return length;
        }

        public int TryReceive(Span<byte> buffer) => throw new NotSupportedException();

        public void Dispose()
        {
            // By who asks; it is closed when all is done.
        }

        internal void Close() => inner.Dispose();
    }
}

using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// A lock on a name that is no file, so that nothing can delete it: an abstract Unix socket (unix(7)), which belongs to the network
/// namespace whose settings are written, and which the kernel lets go with the process.
/// </summary>
internal sealed class NamedLock : IDisposable
{
    // asm-generic/socket.h; struct ucred is pid, uid, gid.
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;
    private const int UcredBytes = 12;
    private const int UcredUserOffset = 4;

    private readonly Socket _socket;

    private NamedLock(Socket socket) => _socket = socket;

    /// <summary>Takes it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isHeld">Whether another process of root or of this user has it.</param>
    /// <returns>Null when it can't be had. Then somebody has it, or, which is no reason to stop, there are no such sockets here.</returns>
    public static NamedLock? TryTake(string name, out bool isHeld)
    {
        isHeld = false;
        var address = new UnixDomainSocketEndPoint(
            "\0conntrack-operator-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
        Socket? socket = null;
        try
        {
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(address);
            socket.Listen();
            return new NamedLock(socket);
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            isHeld = e.SocketErrorCode == SocketError.AddressAlreadyInUse && IsHeldByOneOfOurs(address);
            return null;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Anybody may bind a name: one who may not set this machine must not keep others from it.</summary>
    private static bool IsHeldByOneOfOurs(UnixDomainSocketEndPoint address)
    {
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            probe.Connect(address);
            var credentials = new byte[UcredBytes];
            var length = probe.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, credentials);
            var user = BitConverter.ToUInt32(credentials, UcredUserOffset);
            return length == UcredBytes && (user == 0 || user == Credentials.EffectiveUser);
        }
        catch (SocketException)
        {
            // Let go just now, or a queue filled up: nobody takes these connections, and one of ours lets thousands wait. The lock on
            // the file has the last word.
            return false;
        }
    }
}

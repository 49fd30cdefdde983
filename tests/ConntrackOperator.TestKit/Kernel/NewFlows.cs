using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>Packets of UDP over loopback, each of which needs an entry of its own. The namespace has to track loopback.</summary>
public sealed class NewFlows(NetworkNamespace space) : IDisposable
{
    private readonly Socket _socket = space.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    });

    private int _next;

    /// <summary>Sends the first packet of so many new flows, from any thread.</summary>
    /// <returns>How many the kernel refused: no entry could be had for them.</returns>
    public int Send(int packets)
    {
        var refused = 0;
        for (var i = 0; i < packets; i++)
        {
            var flow = _next++;
            while (true)
            {
                try
                {
                    // An address for each 50,000 flows; 127.0.0.0/8 has enough.
                    _socket.SendTo([1], new IPEndPoint(new IPAddress([127, 1, (byte)(flow / 50_000), 1]), 10_000 + (flow % 50_000)));
                    break;
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
                {
                    refused++;
                    break;
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
                {
                    // Nobody listened to an earlier packet; this one was not sent.
                }
            }
        }

        return refused;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}

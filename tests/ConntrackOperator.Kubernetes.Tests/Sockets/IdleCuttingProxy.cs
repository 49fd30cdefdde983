using System.Net;
using System.Net.Sockets;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.Sockets;

/// <summary>
/// A proxy, or a load balancer, or a full connection table, in between: it breaks off every connection over which nothing has gone for a
/// while.
/// </summary>
internal sealed class IdleCuttingProxy : LoopbackServer
{
    private readonly int _port;
    private readonly TimeSpan _idle;
    private int _cut;

    public IdleCuttingProxy(Uri server, TimeSpan idle)
    {
        _port = server.Port;
        _idle = idle;
        Accept();
    }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>Connections that were broken off.</summary>
    public int Cut => Volatile.Read(ref _cut);

    protected override async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port, Stopped);
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(Stopped);
                quiet.CancelAfter(_idle);
                await Task.WhenAny(CopyAsync(client, server, quiet), CopyAsync(server, client, quiet));
                // Without a word: that is how such a box does it.
                client.LingerState = server.LingerState = new LingerOption(true, 0);
                Interlocked.Increment(ref _cut);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One side is gone.
            }
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, CancellationTokenSource quiet)
    {
        var buffer = new byte[4096];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, quiet.Token) is > 0 and var read)
            {
                quiet.CancelAfter(_idle);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), quiet.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Quiet for too long, or one side is gone.
        }
    }
}

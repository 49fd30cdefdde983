using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.Kubernetes.Tests.Sockets;

/// <summary>Listens on a port of the loopback device, and hands on each connection, until it is disposed.</summary>
internal abstract class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    protected LoopbackServer() => _listener.Start();

    protected int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cancelled when the server is disposed.</summary>
    protected CancellationToken Stopped => _stop.Token;

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    /// <summary>Begins to accept. The last thing that a constructor does.</summary>
    protected void Accept() => _ = AcceptAsync(_stop.Token);

    /// <summary>Serves one connection, and disposes it.</summary>
    protected abstract Task ServeAsync(TcpClient client);

    private async Task AcceptAsync(CancellationToken stopped)
    {
        while (!stopped.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(stopped));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}

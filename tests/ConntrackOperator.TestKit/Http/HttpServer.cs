using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.TestKit.Http;

/// <summary>HTTP/1.1 on a free port of the loopback, on bare sockets: the tests want control of every byte and cut.</summary>
internal sealed class HttpServer : IDisposable
{
    private readonly Func<HttpConnection, HttpRequest, Task> _handle;
    private readonly ConcurrentDictionary<HttpConnection, byte> _connections = new();
    private TcpListener? _listener;

    public HttpServer(Func<HttpConnection, HttpRequest, Task> handle)
    {
        _handle = handle;
        Start(0);
    }

    public int Port { get; private set; }

    public int Connections => _connections.Count;

    public void Stop()
    {
        _listener?.Dispose();
        _listener = null;
        CutAll();
    }

    public void Start() => Start(Port);

    public void CutAll()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Cut();
        }
    }

    public void Dispose() => Stop();

    private void Start(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start(1024);
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _listener = listener;
        _ = AcceptAsync(listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            try
            {
                var connection = new HttpConnection(await listener.AcceptSocketAsync());
                _connections[connection] = 0;
                _ = ServeAsync(connection);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(HttpConnection connection)
    {
        await Task.Yield();
        try
        {
            while (await connection.ReadAsync() is { } request)
            {
                await _handle(connection, request);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The client went away, or a test cut it off.
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            connection.Dispose();
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConntrackOperator.Kubernetes.Health;

/// <summary>
/// Serves /healthz and /readyz: 200 and "ok", or 503 and why not. One short answer a connection, at most a few at once: all
/// that a kubelet's probe needs, for a tenth of the memory of a web server on every node.
/// </summary>
/// <param name="address">host:port; * for the host: every address.</param>
/// <param name="notAlive">Why the program should be started anew; null: it gets on.</param>
/// <param name="notReady">Why the program is of no use yet; null: it is.</param>
/// <param name="log">Told of what fails.</param>
public sealed class HealthEndpoint(string address, Func<string?> notAlive, Func<string?> notReady, IRuntimeLog log)
{
    private const int LongestRequest = 4096;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>Serves until cancelled. Without the port the program's work goes on: that matters more than the probe.</summary>
    /// <param name="ct">Stops it.</param>
    public async Task RunAsync(CancellationToken ct)
    {
        if (Parse(address) is not { } endpoint)
        {
            log.Warn($"can't listen on '{address}': it must be address:port, such as 127.0.0.1:9808, [::1]:9808 or *:9808", null);
            return;
        }

        using var listener = new TcpListener(endpoint);
        try
        {
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                listener.Server.DualMode = true;
            }

            listener.Start();
        }
        catch (SocketException e)
        {
            log.Warn($"can't listen on {address}", e);
            return;
        }

        var places = new SemaphoreSlim(8);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await places.WaitAsync(ct);
                _ = AnswerAsync(await listener.AcceptTcpClientAsync(ct), places, ct);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                places.Release();
                log.Warn("the health endpoint can't take a connection", e);
                await Task.Delay(_patience, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    internal static IPEndPoint? Parse(string address)
    {
        var wildcard = address.StartsWith("*:", StringComparison.Ordinal);
        if (!IPEndPoint.TryParse(wildcard ? "0.0.0.0" + address[1..] : address, out var endpoint) || endpoint.Port == 0)
        {
            return null;
        }

        return wildcard && Socket.OSSupportsIPv6 ? new IPEndPoint(IPAddress.IPv6Any, endpoint.Port) : endpoint;
    }

    private async Task AnswerAsync(TcpClient client, SemaphoreSlim places, CancellationToken ct)
    {
        try
        {
            using (client)
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(ct))
            {
                limit.CancelAfter(_patience);
                var stream = client.GetStream();
                var path = await ReadPathAsync(stream, limit.Token);
                var (code, text) = path switch
                {
                    "/healthz" => notAlive() is { } why ? ("503 Service Unavailable", why) : ("200 OK", "ok"),
                    "/readyz" => notReady() is { } why ? ("503 Service Unavailable", why) : ("200 OK", "ok"),
                    null => ("400 Bad Request", "GET only"),
                    _ => ("404 Not Found", "/healthz and /readyz are here"),
                };
                var body = Encoding.UTF8.GetBytes(text + "\n");
                var head = string.Create(CultureInfo.InvariantCulture,
                    $"HTTP/1.1 {code}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head), limit.Token);
                await stream.WriteAsync(body, limit.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side went away, or took too long.
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>The path of a GET, once its head is all here; null: not a GET, or too long.</summary>
    private static async Task<string?> ReadPathAsync(NetworkStream stream, CancellationToken ct)
    {
        var buffer = new byte[LongestRequest];
        var length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = length < buffer.Length ? await stream.ReadAsync(buffer.AsMemory(length), ct) : 0;
            if (read == 0)
            {
                return null;
            }

            length += read;
        }

        var words = Encoding.ASCII.GetString(buffer, 0, buffer.AsSpan().IndexOf("\r\n"u8)).Split(' ');
        return words is ["GET", var target, ..] ? target.Split('?')[0] : null;
    }
}

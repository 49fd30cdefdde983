using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.Health;

/// <summary>
/// Serves /healthz and /readyz: 200 and "ok", or 503 and why not; and /metrics, where there are some. A few connections at once,
/// which may stay while there is room: all that a kubelet's probe and a Prometheus need, for a tenth of the memory of a web
/// server on every node. Whoever holds connections keeps nobody out (<see cref="ConnectionTable"/>).
/// </summary>
/// <param name="address">host:port; * for the host: every address.</param>
/// <param name="notAlive">Why the program should be started anew; null: it gets on.</param>
/// <param name="notReady">Why the program is of no use yet; null: it is.</param>
/// <param name="log">Told of what fails.</param>
public sealed class HealthEndpoint(string address, Func<string?> notAlive, Func<string?> notReady, ILogger log)
{
    private const int LongestRequest = 4096;
    private const int Places = 16;
    private const int Share = 12;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    // Longer than the usual intervals of scrapes: on a node whose table is full a new connection may not come about, and that is
    // when the scrape matters.
    private static readonly TimeSpan _stay = TimeSpan.FromMinutes(3);

    /// <summary>How long a connection may take to send its request. Five seconds.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What /metrics says, in Prometheus' text format; null: there is no such page.</summary>
    public Func<ReadOnlyMemory<byte>>? Metrics { get; init; }

    /// <summary>Serves until cancelled. Without the port the program's work goes on: that matters more than the probe.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (Parse(address) is not { } endpoint)
        {
            log.ListenAddressInvalid(address);
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
            log.ListenFailed(e, address);
            return;
        }

        var connections = new ConnectionTable(Places, Share);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(cancellationToken);
                _ = ServeAsync(client, connections, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                log.AcceptFailed(e);
                await Task.Delay(_pause, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>Whether it can be listened on.</summary>
    /// <param name="address">host:port, with an IP address or * for the host.</param>
    public static bool IsAddress(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Parse(address) is not null;
    }

    /// <summary>address:port, with * for every address. The port follows the last colon, so an IPv6 address needs no
    /// brackets: a pod's own address comes from the downward API without.</summary>
    internal static IPEndPoint? Parse(string address)
    {
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port == 0)
        {
            return null;
        }

        var host = address[..colon];
        if (host is "*" or "+")
        {
            return new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);
        }

        return IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, port) : null;
    }

    private async Task ServeAsync(TcpClient client, ConnectionTable connections, CancellationToken cancellationToken)
    {
        try
        {
            using (client)
            {
                var address = (client.Client.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
                using var place = connections.Admit(address, () => client.Available > 0, client.Close);
                var stream = client.GetStream();
                var request = new byte[LongestRequest];
                var patience = Patience;
                bool again;
                do
                {
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    limit.CancelAfter(patience);
                    if (await ReadHeadAsync(stream, request, place, limit.Token) is not { } head)
                    {
                        return;
                    }

                    limit.CancelAfter(Patience);
                    place.Use = ConnectionUse.Answering;
                    again = MayStay(head) && place.MayStay();
                    await AnswerAsync(stream, head.Split(' ') is ["GET", var target, ..] ? target.Split('?')[0] : null, again, limit.Token);
                    place.Use = ConnectionUse.Kept;
                    patience = _stay;
                }
                while (again);
            }
        }
        catch (Exception e)
            when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The other side went away, took too long, or had to make room.
        }
        catch (Exception e)
        {
            log.RequestFailed(e);
        }
    }

    private async Task AnswerAsync(NetworkStream stream, string? path, bool again, CancellationToken cancellationToken)
    {
        var (code, text) = path switch
        {
            "/healthz" => notAlive() is { } why ? ("503 Service Unavailable", why) : ("200 OK", "ok"),
            "/readyz" => notReady() is { } why ? ("503 Service Unavailable", why) : ("200 OK", "ok"),
            "/metrics" when Metrics is not null => ("200 OK", null),
            null => ("400 Bad Request", "GET only"),
            _ => ("404 Not Found", Metrics is null ? "/healthz and /readyz are here" : "/healthz, /readyz and /metrics are here"),
        };
        var body = text is null ? Metrics!() : Encoding.UTF8.GetBytes(text + "\n");
        var type = text is null ? "text/plain; version=0.0.4" : "text/plain";
        var head =
            $"HTTP/1.1 {code}\r\nContent-Type: {type}; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: "
                + $"{(again ? "keep-alive" : "close")}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        await stream.WriteAsync(body, cancellationToken);
    }

    /// <summary>
    /// Only what has no body and does not ask for the end: after anything else it would not be clear where the next request begins.
    /// </summary>
    private static bool MayStay(string head) =>
        head.StartsWith("GET ", StringComparison.Ordinal)
        && head.Contains(" HTTP/1.1\r\n", StringComparison.Ordinal)
        && !head.Contains("\r\nconnection: close", StringComparison.OrdinalIgnoreCase)
        && !head.Contains("\r\ncontent-length:", StringComparison.OrdinalIgnoreCase)
        && !head.Contains("\r\ntransfer-encoding:", StringComparison.OrdinalIgnoreCase);

    /// <summary>A request's head, once it is all here; null: it ends before, is too long, or more than it came at once.</summary>
    private static async Task<string?> ReadHeadAsync(
        NetworkStream stream, byte[] buffer, ConnectionTable.Place place, CancellationToken cancellationToken)
    {
        var length = 0;
        int end;
        while ((end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var read = length < buffer.Length ? await stream.ReadAsync(buffer.AsMemory(length), cancellationToken) : 0;
            if (read == 0)
            {
                return null;
            }

            length += read;
            place.Use = ConnectionUse.Asking;
        }

        return end + 4 == length || !buffer.AsSpan(0, 4).SequenceEqual("GET "u8) ? Encoding.ASCII.GetString(buffer, 0, end + 2) : null;
    }
}

using System.Net;
using System.Text;

namespace ConntrackOperator.Kubernetes.Health;

/// <summary>Serves /healthz and /readyz: 200 and "ok", or 503 and why not.</summary>
/// <param name="address">host:port; * for the host: every address.</param>
/// <param name="notAlive">Why the program should be started anew; null: it gets on.</param>
/// <param name="notReady">Why the program is of no use yet; null: it is.</param>
/// <param name="log">Told of what fails.</param>
public sealed class HealthEndpoint(string address, Func<string?> notAlive, Func<string?> notReady, IRuntimeLog log)
{
    /// <summary>Serves until cancelled. Without the port the program's work goes on: that matters more than the probe.</summary>
    /// <param name="ct">Stops it.</param>
    public async Task RunAsync(CancellationToken ct)
    {
        using var listener = new HttpListener();
        listener.Prefixes.Add($"http://{address}/");
        try
        {
            listener.Start();
        }
        catch (HttpListenerException e)
        {
            log.Warn($"can't listen on {address}", e);
            return;
        }

        await using var stop = ct.Register(listener.Stop);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                Answer(await listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                if (!ct.IsCancellationRequested)
                {
                    log.Warn("the health endpoint failed to answer", e);
                }
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (code, text) = context.Request.Url?.AbsolutePath switch
        {
            "/healthz" => notAlive() is { } why ? (503, why) : (200, "ok"),
            "/readyz" => notReady() is { } why ? (503, why) : (200, "ok"),
            _ => (404, "/healthz and /readyz are here"),
        };
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Close(Encoding.UTF8.GetBytes(text + "\n"), willBlock: false);
    }
}

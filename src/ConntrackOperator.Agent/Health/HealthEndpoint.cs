using System.Net;
using System.Text;
using ConntrackOperator.Kubernetes;

namespace ConntrackOperator.Agent.Health;

/// <summary>Serves /healthz and /readyz: 200 and "ok", or 503 and why not.</summary>
internal sealed class HealthEndpoint(string address, AgentHealth health, IRuntimeLog log)
{
    public async Task RunAsync(CancellationToken ct)
    {
        using var listener = new HttpListener();
        listener.Prefixes.Add($"http://{address}/");
        listener.Start();
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
            "/healthz" => health.NotAlive() is { } why ? (503, why) : (200, "ok"),
            "/readyz" => health.NotReady() is { } why ? (503, why) : (200, "ok"),
            _ => (404, "/healthz and /readyz are here"),
        };
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Close(Encoding.UTF8.GetBytes(text + "\n"), willBlock: false);
    }
}

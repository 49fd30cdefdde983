using System.Net.Http.Headers;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Simulation;

/// <summary>A connection whose process can die: from then on nothing goes out, and nothing comes in.</summary>
internal sealed class KillableConnection : IDisposable
{
    private readonly Gate _gate = new();
    private readonly HttpClient _http;

    public KillableConnection(Uri server, string token)
    {
        _http = new HttpClient(_gate) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Client = new ApiClient(_http, server);
    }

    public ApiClient Client { get; }

    public void Kill() => _gate.Dead.Cancel();

    public void Dispose() => _http.Dispose();

    private sealed class Gate() : DelegatingHandler(new SocketsHttpHandler())
    {
        public CancellationTokenSource Dead { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Dead.Token);
            try
            {
                return await base.SendAsync(request, either.Token);
            }
            catch (OperationCanceledException) when (Dead.IsCancellationRequested)
            {
                throw new HttpRequestException("the process is dead");
            }
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Dead.Dispose();
        }
    }
}

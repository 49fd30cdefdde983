using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>
/// Below the verbs: makes a request of a call, sends it with credentials until there is a good answer, and turns whatever goes
/// wrong into an <see cref="ApiException"/>. Which calls are sent again, and when, is decided here and nowhere else.
/// </summary>
internal sealed class ApiSender(
    HttpClient http,
    Uri baseAddress,
    Func<HttpRequestMessage, CancellationToken, ValueTask>? authenticate,
    ApiClientOptions options,
    TimeProvider time)
{
    private const int MaxErrorBytes = 256 * 1024;

    private readonly string _basePath = baseAddress.AbsolutePath.TrimEnd('/');

    /// <summary>The server.</summary>
    public Uri BaseAddress => baseAddress;

    /// <summary>Sends a call and reads its answer whole.</summary>
    /// <exception cref="ApiException">Whatever goes wrong but the caller's own cancellation.</exception>
    public async Task<PooledBody> AnswerAsync(ApiCall call, int maxBytes, CallLimit limit, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await OpenAsync(call, limit, cancellationToken);
            return await PooledBody.ReadAsync(response.Content, maxBytes, call.ToString(), limit.Token);
        }
        catch (Exception e) when (Translate(e, call, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>What a failure below HTTP means; null when it is to be passed on as it is.</summary>
    public ApiException? Translate(Exception e, ApiCall call, CancellationToken cancellationToken) => e switch
    {
        OperationCanceledException when !cancellationToken.IsCancellationRequested => ApiException.TimedOut(call, options.TimeLimit, e),
        HttpRequestException or IOException => ApiException.Network(call, e),
        // A connection that is torn down under a read may show as this.
        ObjectDisposedException => ApiException.Network(call, e),
        _ => null,
    };

    /// <summary>Sends until there is a good answer, of which only the headers have been read.</summary>
    public async Task<HttpResponseMessage> OpenAsync(ApiCall call, CallLimit limit, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var refreshed = false;
        for (var attempt = 0; ; attempt++)
        {
            var response = await SendAsync(call, limit.Token, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            ApiException error;
            using (response)
            {
                error = await ErrorAsync(call, response, limit.Token);
            }

            if (error.IsUnauthorized && !refreshed && options.Unauthorized is { } unauthorized)
            {
                refreshed = true;
                unauthorized();
                continue;
            }

            var left = options.TimeLimit - time.GetElapsedTime(started);
            if (error is { Code: 429 or 503, RetryAfter: { } wait } && attempt < options.Retries && wait < left)
            {
                await Task.Delay(wait, time, limit.Token);
                continue;
            }

            throw error;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiCall call, CancellationToken limited, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(call.Method, new Uri(baseAddress, _basePath + call.PathAndQuery))
        {
            // One HTTP/2 connection carries the watch and the writes: when the node's connection table is full, a new
            // connection may not come about.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        if (call.Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(call.ContentType!);
        }

        if (authenticate is not null)
        {
            try
            {
                await authenticate(request, limited);
            }
            catch (Exception e) when (e is not (OperationCanceledException or ApiException) && !cancellationToken.IsCancellationRequested)
            {
                throw ApiException.Credentials(call, e);
            }
        }

        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited);
            RuntimeTelemetry.Requested(call.Method, (int)response.StatusCode);
            return response;
        }
        catch
        {
            RuntimeTelemetry.Requested(call.Method, null);
            throw;
        }
    }

    private async Task<ApiException> ErrorAsync(ApiCall call, HttpResponseMessage response, CancellationToken limited)
    {
        Status? status = null;
        var text = "";
        try
        {
            using var body = await PooledBody.ReadAsync(response.Content, MaxErrorBytes, call.ToString(), limited);
            (status, text) = ReadStatus(body.Span);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or ApiException)
        {
            // The code alone has to do.
            text = e.Message;
        }

        var header = response.Headers.RetryAfter;
        var retryAfter = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
        if (retryAfter < TimeSpan.Zero)
        {
            retryAfter = TimeSpan.Zero;
        }

        return ApiException.FromAnswer(call, (int)response.StatusCode, status, text, retryAfter);
    }

    private static (Status? Status, string Text) ReadStatus(ReadOnlySpan<byte> body)
    {
        try
        {
            var status = JsonSerializer.Deserialize(body, ProtocolJson.Default.Status);
            return (status, status?.Message ?? "");
        }
        catch (JsonException)
        {
            // A proxy in between, or a plain text answer.
            return (null, Encoding.UTF8.GetString(body[..Math.Min(body.Length, 500)]).Trim());
        }
    }
}

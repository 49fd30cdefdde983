using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Transport;

/// <summary>
/// The Kubernetes API over an <see cref="HttpClient"/>. Every call has a time limit, and whatever goes wrong but the
/// caller's own cancellation is an <see cref="ApiException"/>. Safe for concurrent use; does not own the HttpClient.
/// </summary>
/// <remarks>
/// Retries inside a call are for 429 and 503 with a Retry-After, where the server has done nothing yet, and one for 401
/// with fresh credentials. Everything else is the caller's to retry, with back-off, from what it then knows.
/// </remarks>
public sealed partial class ApiClient
{
    private const int MaxErrorBytes = 256 * 1024;

    private readonly HttpClient _http;
    private readonly Uri _baseAddress;
    private readonly string _basePath;
    private readonly Func<HttpRequestMessage, CancellationToken, ValueTask>? _authenticate;
    private readonly ApiClientOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Creates it over a client that the caller owns.</summary>
    /// <param name="http">Its <see cref="HttpClient.Timeout"/> should be infinite: the limits here are finer.</param>
    /// <param name="baseAddress">The server's URL; may have a path.</param>
    /// <param name="authenticate">Adds credentials to a request; called for each one. Null: the HttpClient does it.</param>
    /// <param name="options">The limits; null: the defaults.</param>
    /// <param name="time">The clock of all time limits; null: the system's.</param>
    public ApiClient(
        HttpClient http,
        Uri baseAddress,
        Func<HttpRequestMessage, CancellationToken, ValueTask>? authenticate = null,
        ApiClientOptions? options = null,
        TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(baseAddress);
        _http = http;
        _baseAddress = baseAddress;
        _basePath = baseAddress.AbsolutePath.TrimEnd('/');
        _authenticate = authenticate;
        _options = options ?? new();
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The server.</summary>
    public Uri BaseAddress => _baseAddress;

    /// <summary>Reads one object.</summary>
    /// <exception cref="ApiException">Among others <see cref="ApiException.IsNotFound"/>.</exception>
    public Task<T> GetAsync<T>(ResourceType type, string? ns, string name, JsonTypeInfo<T> json, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return ForObjectAsync(new("get", HttpMethod.Get, type, ns, name), json, ct);
    }

    /// <summary>Creates an object; its name is in its metadata.</summary>
    /// <exception cref="ApiException">Among others <see cref="ApiException.IsAlreadyExists"/>.</exception>
    public Task<T> CreateAsync<T>(
        ResourceType type, string? ns, T body, JsonTypeInfo<T> json, CancellationToken ct, string? fieldManager = null) =>
        ForObjectAsync(
            new("create", HttpMethod.Post, type, ns, null)
            {
                Query = new QueryString().Add("fieldManager", fieldManager).ToString(),
                Body = JsonSerializer.SerializeToUtf8Bytes(body, json),
                ContentType = "application/json",
            },
            json,
            ct);

    /// <summary>Replaces an object, or one of its subresources, whole.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsConflict"/> when its resourceVersion is not the stored one.</exception>
    public Task<T> ReplaceAsync<T>(
        ResourceType type,
        string? ns,
        string name,
        T body,
        JsonTypeInfo<T> json,
        CancellationToken ct,
        string? subresource = null,
        string? fieldManager = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return ForObjectAsync(
            new("update", HttpMethod.Put, type, ns, name)
            {
                Subresource = subresource,
                Query = new QueryString().Add("fieldManager", fieldManager).ToString(),
                Body = JsonSerializer.SerializeToUtf8Bytes(body, json),
                ContentType = "application/json",
            },
            json,
            ct);
    }

    /// <summary>Server-side apply: states the fields that this manager wants, creates the object if it is not there,
    /// and takes away what the manager had stated before and leaves out now.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="ns">The namespace; null for cluster-scoped objects.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="body">With apiVersion, kind and metadata.name; every member that is null is not stated.</param>
    /// <param name="json">How it is written and the answer read; must leave out nulls.</param>
    /// <param name="fieldManager">Who states it.</param>
    /// <param name="force">Take fields over that others own with another value, instead of 409.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="ApiException"><see cref="ApiException.IsConflict"/> when another manager owns a field.</exception>
    public Task<T> ApplyAsync<T>(
        ResourceType type,
        string? ns,
        string name,
        T body,
        JsonTypeInfo<T> json,
        string fieldManager,
        bool force,
        string? subresource,
        CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(fieldManager);
        return ForObjectAsync(
            new("patch", HttpMethod.Patch, type, ns, name)
            {
                Subresource = subresource,
                Query = new QueryString().Add("fieldManager", fieldManager).Add("force", force ? "true" : null).ToString(),
                Body = JsonSerializer.SerializeToUtf8Bytes(body, json),
                ContentType = "application/apply-patch+yaml",
            },
            json,
            ct);
    }

    /// <summary>Patches an object or one of its subresources.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsInvalid"/> when a JSON patch's test failed,
    /// <see cref="ApiException.IsConflict"/> when a resourceVersion in a merge patch is not the stored one.</exception>
    public Task<T> PatchAsync<T>(
        ResourceType type,
        string? ns,
        string name,
        PatchKind kind,
        ReadOnlyMemory<byte> patch,
        JsonTypeInfo<T> json,
        string? subresource,
        CancellationToken ct,
        string? fieldManager = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return ForObjectAsync(
            new("patch", HttpMethod.Patch, type, ns, name)
            {
                Subresource = subresource,
                Query = new QueryString().Add("fieldManager", fieldManager).ToString(),
                Body = patch,
                ContentType = kind == PatchKind.Json ? "application/json-patch+json" : "application/merge-patch+json",
            },
            json,
            ct);
    }

    /// <summary>Deletes an object, or marks it for deletion while it has finalizers. What it owns is deleted in the background.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="ns">The namespace; null for cluster-scoped objects.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="uidPrecondition">Delete only the object with this UID; null: whichever has the name.</param>
    /// <param name="resourceVersionPrecondition">Delete only this version of it; null: any.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="ApiException"><see cref="ApiException.IsNotFound"/>; <see cref="ApiException.IsConflict"/>
    /// when a precondition does not hold.</exception>
    public async Task DeleteAsync(
        ResourceType type, string? ns, string name, string? uidPrecondition, string? resourceVersionPrecondition, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var preconditions = uidPrecondition is null && resourceVersionPrecondition is null
            ? null
            : new Preconditions { Uid = uidPrecondition, ResourceVersion = resourceVersionPrecondition };
        var options = new DeleteOptions { PropagationPolicy = "Background", Preconditions = preconditions };
        var call = new ApiCall("delete", HttpMethod.Delete, type, ns, name)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(options, ProtocolJson.Default.DeleteOptions),
            ContentType = "application/json",
        };
        using var limit = new CallLimit(_options.TimeLimit, _time, ct);
        using var answer = await AnswerAsync(call, _options.MaxObjectBytes, limit, ct);
    }

    /// <summary>Reads one page of a collection.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsExpired"/> when the continue token is too old.</exception>
    public async Task<ListPage<T>> ListAsync<T>(
        ResourceType type, string? ns, ListQuery query, JsonTypeInfo<T> item, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        var call = new ApiCall("list", HttpMethod.Get, type, ns, null) { Query = query.ToQueryString() };
        using var limit = new CallLimit(_options.TimeLimit, _time, ct);
        using var answer = await AnswerAsync(call, _options.MaxListBytes, limit, ct);
        try
        {
            return ListDecoder.Decode(answer.Span, item);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw ApiException.Undecodable(call.ToString(), e);
        }
    }

    private async Task<T> ForObjectAsync<T>(ApiCall call, JsonTypeInfo<T> json, CancellationToken ct)
    {
        using var limit = new CallLimit(_options.TimeLimit, _time, ct);
        using var answer = await AnswerAsync(call, _options.MaxObjectBytes, limit, ct);
        try
        {
            return JsonSerializer.Deserialize(answer.Span, json)
                ?? throw ApiException.Undecodable(call.ToString(), null);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or FormatException or ArgumentException)
        {
            throw ApiException.Undecodable(call.ToString(), e);
        }
    }

    private async Task<PooledBody> AnswerAsync(ApiCall call, int maxBytes, CallLimit limit, CancellationToken ct)
    {
        try
        {
            using var response = await OpenAsync(call, limit, ct);
            return await PooledBody.ReadAsync(response.Content, maxBytes, call.ToString(), limit.Token);
        }
        catch (Exception e) when (Translate(e, call, _options.TimeLimit, ct) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>What a failure below HTTP means; null when it is to be passed on as it is.</summary>
    private static ApiException? Translate(Exception e, ApiCall call, TimeSpan limit, CancellationToken ct) => e switch
    {
        OperationCanceledException when !ct.IsCancellationRequested => ApiException.TimedOut(call, limit, e),
        HttpRequestException or IOException => ApiException.Network(call, e),
        // A connection that is torn down under a read may show as this.
        ObjectDisposedException => ApiException.Network(call, e),
        _ => null,
    };

    /// <summary>Sends until there is a good answer, of which only the headers have been read.</summary>
    private async Task<HttpResponseMessage> OpenAsync(ApiCall call, CallLimit limit, CancellationToken ct)
    {
        var started = _time.GetTimestamp();
        var refreshed = false;
        for (var attempt = 0; ; attempt++)
        {
            var response = await SendAsync(call, limit.Token, ct);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            ApiException error;
            using (response)
            {
                error = await ErrorAsync(call, response, limit.Token);
            }

            if (error.IsUnauthorized && !refreshed && _options.Unauthorized is { } unauthorized)
            {
                refreshed = true;
                unauthorized();
                continue;
            }

            var left = _options.TimeLimit - _time.GetElapsedTime(started);
            if (error is { Code: 429 or 503, RetryAfter: { } wait } && attempt < _options.Retries && wait < left)
            {
                await Task.Delay(wait, _time, limit.Token);
                continue;
            }

            throw error;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiCall call, CancellationToken limited, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(call.Method, new Uri(_baseAddress, _basePath + call.PathAndQuery))
        {
            // One HTTP/2 connection carries the watch and the writes: when the node's connection table is full, a new
            // connection may not come about.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (call.Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(call.ContentType!);
        }

        if (_authenticate is not null)
        {
            try
            {
                await _authenticate(request, limited);
            }
            catch (Exception e) when (e is not (OperationCanceledException or ApiException) && !ct.IsCancellationRequested)
            {
                throw ApiException.Credentials(call, e);
            }
        }

        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited);
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
        var retryAfter = header?.Delta ?? (header?.Date is { } date ? date - _time.GetUtcNow() : null);
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

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Client;

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
    private readonly ApiSender _sender;
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
        _options = options ?? new();
        _time = time ?? TimeProvider.System;
        _sender = new ApiSender(http, baseAddress, authenticate, _options, _time);
    }

    /// <summary>The server.</summary>
    public Uri BaseAddress => _sender.BaseAddress;

    /// <summary>Reads one object.</summary>
    /// <exception cref="ApiException">Among others <see cref="ApiException.IsNotFound"/>.</exception>
    public Task<T> GetAsync<T>(
        ResourceType type, string? namespaceName, string name, JsonTypeInfo<T> json, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return ForObjectAsync(new("get", HttpMethod.Get, type, namespaceName, name), json, cancellationToken);
    }

    /// <summary>Creates an object; its name is in its metadata.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="namespaceName">The namespace; null for cluster-scoped objects.</param>
    /// <param name="body">The object.</param>
    /// <param name="json">Its type.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="fieldManager">Who writes; null: named by the server.</param>
    /// <param name="strict">Whether a field that the server does not know is an error (fieldValidation=Strict); else it is dropped.</param>
    /// <exception cref="ApiException">Among others <see cref="ApiException.IsAlreadyExists"/>.</exception>
    public Task<T> CreateAsync<T>(
        ResourceType type, string? namespaceName, T body, JsonTypeInfo<T> json, CancellationToken cancellationToken,
        string? fieldManager = null,
        bool strict = false) =>
        WriteAsync(
            new("create", HttpMethod.Post, type, namespaceName, null), "application/json", Encode(body, json), json, fieldManager,
            cancellationToken, strict: strict);

    /// <summary>Replaces an object, or one of its subresources, whole.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsConflict"/> when its resourceVersion is not the stored one.</exception>
    public Task<T> ReplaceAsync<T>(
        ResourceType type,
        string? namespaceName,
        string name,
        T body,
        JsonTypeInfo<T> json,
        CancellationToken cancellationToken,
        string? subresource = null,
        string? fieldManager = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return WriteAsync(
            new("update", HttpMethod.Put, type, namespaceName, name) { Subresource = subresource }, "application/json", Encode(body, json),
            json,
            fieldManager, cancellationToken);
    }

    /// <summary>Server-side apply: states the fields that this manager wants, creates the object if it is not there,
    /// and takes away what the manager had stated before and leaves out now.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="namespaceName">The namespace; null for cluster-scoped objects.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="body">With apiVersion, kind and metadata.name; every member that is null is not stated.</param>
    /// <param name="json">How it is written and the answer read; must leave out nulls.</param>
    /// <param name="fieldManager">Who states it.</param>
    /// <param name="force">Take fields over that others own with another value, instead of 409.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException"><see cref="ApiException.IsConflict"/> when another manager owns a field.</exception>
    public Task<T> ApplyAsync<T>(
        ResourceType type,
        string? namespaceName,
        string name,
        T body,
        JsonTypeInfo<T> json,
        string fieldManager,
        bool force,
        string? subresource,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(fieldManager);
        return WriteAsync(
            new("patch", HttpMethod.Patch, type, namespaceName, name) { Subresource = subresource },
            "application/apply-patch+yaml",
            YamlSafeJson.Of(Encode(body, json)),
            json,
            fieldManager,
            cancellationToken,
            force);
    }

    /// <summary>Patches an object or one of its subresources.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsInvalid"/> when a JSON patch's test failed,
    /// <see cref="ApiException.IsConflict"/> when a resourceVersion in a merge patch is not the stored one.</exception>
    public Task<T> PatchAsync<T>(
        ResourceType type,
        string? namespaceName,
        string name,
        PatchKind kind,
        ReadOnlyMemory<byte> patch,
        JsonTypeInfo<T> json,
        string? subresource,
        CancellationToken cancellationToken,
        string? fieldManager = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return WriteAsync(
            new("patch", HttpMethod.Patch, type, namespaceName, name) { Subresource = subresource },
            kind == PatchKind.Json ? "application/json-patch+json" : "application/merge-patch+json",
            patch,
            json,
            fieldManager,
            cancellationToken);
    }

    /// <summary>Deletes an object, or marks it for deletion while it has finalizers. What it owns is deleted in the background.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="namespaceName">The namespace; null for cluster-scoped objects.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="uidPrecondition">Delete only the object with this UID; null: whichever has the name.</param>
    /// <param name="resourceVersionPrecondition">Delete only this version of it; null: any.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException"><see cref="ApiException.IsNotFound"/>; <see cref="ApiException.IsConflict"/>
    /// when a precondition does not hold.</exception>
    public async Task DeleteAsync(
        ResourceType type, string? namespaceName, string name, string? uidPrecondition, string? resourceVersionPrecondition,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var preconditions = uidPrecondition is null && resourceVersionPrecondition is null
            ? null
            : new Preconditions { Uid = uidPrecondition, ResourceVersion = resourceVersionPrecondition };
        var options = new DeleteOptions { PropagationPolicy = "Background", Preconditions = preconditions };
        var call = new ApiCall("delete", HttpMethod.Delete, type, namespaceName, name)
        {
            Body = Encode(options, ProtocolJson.Default.DeleteOptions),
            ContentType = "application/json",
        };
        using var limit = new CallLimit(_options.TimeLimit, _time, cancellationToken);
        using var answer = await _sender.AnswerAsync(call, _options.MaxObjectBytes, limit, cancellationToken);
    }

    /// <summary>Reads one page of a collection.</summary>
    /// <exception cref="ApiException"><see cref="ApiException.IsExpired"/> when the continue token is too old.</exception>
    public async Task<ListPage<T>> ListAsync<T>(
        ResourceType type, string? namespaceName, ListQuery query, JsonTypeInfo<T> item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var call = new ApiCall("list", HttpMethod.Get, type, namespaceName, null) { Query = query.ToQueryString() };
        using var limit = new CallLimit(_options.TimeLimit, _time, cancellationToken);
        using var answer = await _sender.AnswerAsync(call, _options.MaxListBytes, limit, cancellationToken);
        try
        {
            return ListDecoder.Decode(answer.Span, item);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw ApiException.Undecodable(call.ToString(), e);
        }
    }

    private static byte[] Encode<T>(T body, JsonTypeInfo<T> json) => JsonSerializer.SerializeToUtf8Bytes(body, json);

    private Task<T> WriteAsync<T>(
        ApiCall call, string contentType, ReadOnlyMemory<byte> body, JsonTypeInfo<T> json, string? fieldManager,
        CancellationToken cancellationToken,
        bool force = false, bool strict = false)
    {
        var query = new QueryString().Add("fieldManager", fieldManager).Add("force", force ? "true" : null)
            .Add("fieldValidation", strict ? "Strict" : null).ToString();
        return ForObjectAsync(call with { Query = query, Body = body, ContentType = contentType }, json, cancellationToken);
    }

    private async Task<T> ForObjectAsync<T>(ApiCall call, JsonTypeInfo<T> json, CancellationToken cancellationToken)
    {
        using var limit = new CallLimit(_options.TimeLimit, _time, cancellationToken);
        using var answer = await _sender.AnswerAsync(call, _options.MaxObjectBytes, limit, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(answer.Span, json)
                ?? throw ApiException.Undecodable(call.ToString(), null);
        }
        catch (Exception e) when (UndecodableItem.IsMisfit(e))
        {
            throw ApiException.Undecodable(call.ToString(), e);
        }
    }
}

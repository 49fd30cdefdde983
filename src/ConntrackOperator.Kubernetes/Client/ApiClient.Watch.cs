using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace ConntrackOperator.Kubernetes.Client;

public sealed partial class ApiClient
{
    /// <summary>Watches a collection until the server ends the watch in good order.</summary>
    /// <remarks>A bare watch: it does not list, resume or retry; <c>Informer</c> does.</remarks>
    /// <exception cref="ApiException"><see cref="ApiException.IsExpired"/> when the resource version is too old, said by
    /// HTTP or by an ERROR event; <see cref="ApiException.IsUndecodable"/> for what is no event at all; reason
    /// <c>Timeout</c> when nothing arrived for the idle limit; reason <c>Network</c> when the connection broke.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType type, string? namespaceName, WatchQuery query, JsonTypeInfo<T> item,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        using var watch = await OpenWatchAsync(type, namespaceName, query, item, cancellationToken);
        while (await watch.NextAsync() is { } next)
        {
            yield return next;
        }
    }

    /// <summary>Opens a watch; it is established when this returns.</summary>
    internal async Task<WatchConnection<T>> OpenWatchAsync<T>(
        ResourceType type, string? namespaceName, WatchQuery query, JsonTypeInfo<T> item, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(query);
        var call = new ApiCall("watch", HttpMethod.Get, type, namespaceName, null) { Query = query.ToQueryString() };
        var limit = new CallLimit(_options.TimeLimit, _time, cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            response = await _sender.OpenAsync(call, limit, cancellationToken);
            var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            return new(call, response, stream, query.EffectiveIdleLimit, _options.MaxObjectBytes, item, limit, cancellationToken);
        }
        catch (Exception e)
        {
            response?.Dispose();
            limit.Dispose();
            if (_sender.Translate(e, call, cancellationToken) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>An established watch.</summary>
internal sealed class WatchConnection<T> : IDisposable
    where T : class
{
    private readonly ApiCall _call;
    private readonly HttpResponseMessage _response;
    private readonly LineReader _lines;
    private readonly TimeSpan _idleLimit;
    private readonly JsonTypeInfo<T> _item;
    private readonly CallLimit _limit;
    private readonly CancellationToken _caller;

    public WatchConnection(
        ApiCall call,
        HttpResponseMessage response,
        Stream stream,
        TimeSpan idleLimit,
        int maxObjectBytes,
        JsonTypeInfo<T> item,
        CallLimit limit,
        CancellationToken caller)
    {
        _call = call;
        _response = response;
        _idleLimit = idleLimit;
        _lines = new LineReader(stream, maxObjectBytes, call.ToString());
        _item = item;
        _limit = limit;
        _caller = caller;
    }

    /// <summary>The next event; null when the server ended the watch in good order.</summary>
    /// <exception cref="ApiException">See <see cref="ApiClient.WatchAsync"/>.</exception>
    public async ValueTask<WatchEvent<T>?> NextAsync()
    {
        while (true)
        {
            _limit.PutOff(_idleLimit);
            ReadOnlyMemory<byte>? line;
            try
            {
                line = await _lines.ReadAsync(_limit.Token);
                // The time that the reader of the events takes is not the server's silence.
                _limit.PutOff(Timeout.InfiniteTimeSpan);
            }
            catch (OperationCanceledException e) when (!_caller.IsCancellationRequested)
            {
                throw ApiException.TimedOut(_call, _idleLimit, e);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException)
            {
                // A cancelled read may surface as a broken stream.
                _caller.ThrowIfCancellationRequested();
                throw _limit.TimedOut ? ApiException.TimedOut(_call, _idleLimit, e) : ApiException.Network(_call, e);
            }

            if (line is not { } text)
            {
                return null;
            }

            if (!text.Span.Trim("\r \t"u8).IsEmpty)
            {
                return Decode(text.Span);
            }
        }
    }

    public void Dispose()
    {
        _limit.Dispose();
        _lines.Dispose();
        _response.Dispose();
    }

    private WatchEvent<T> Decode(ReadOnlySpan<byte> line)
    {
        try
        {
            var (type, range) = Split(line);
            var body = line[range];
            if (type == "ERROR")
            {
                var status = JsonSerializer.Deserialize(body, ProtocolJson.Default.Status);
                throw ApiException.FromWatch(_call, status);
            }

            WatchEventType? known = type switch
            {
                "ADDED" => WatchEventType.Added,
                "MODIFIED" => WatchEventType.Modified,
                "DELETED" => WatchEventType.Deleted,
                "BOOKMARK" => WatchEventType.Bookmark,
                _ => null,
            };
            var scan = ObjectScan.Of(body);
            if (known is null || scan.ResourceVersion is null)
            {
                throw new JsonException($"An event of type '{type}' without a resource version or of an unknown type.");
            }

            return known == WatchEventType.Bookmark ? new(known.Value, null, scan.ResourceVersion) : Decode(known.Value, scan, body);
        }
        catch (Exception e) when (UndecodableItem.IsMisfit(e))
        {
            throw ApiException.Undecodable($"An event of {_call}", e);
        }
    }

    /// <summary>
    /// What one writer has put into its object must not break the watch for all others: an event whose object does not fit says so and is
    /// no failure.
    /// </summary>
    private WatchEvent<T> Decode(WatchEventType type, in ObjectScan scan, ReadOnlySpan<byte> body)
    {
        try
        {
            return new(type, JsonSerializer.Deserialize(body, _item) ?? throw new JsonException("It is null."), scan.ResourceVersion!);
        }
        catch (Exception e) when (UndecodableItem.IsMisfit(e) && scan.Name is { Length: > 0 })
        {
            return new(type, null, scan.ResourceVersion!, new(scan.Namespace, scan.Name, e.Message));
        }
    }

    private static (string? Type, Range Body) Split(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        string? type = null;
        Range? body = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            if (isType)
            {
                type = reader.GetString();
            }
            else
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                body = isObject ? start..(int)reader.BytesConsumed : body;
            }
        }

        return (type, body ?? throw new JsonException("An event without an object."));
    }
}

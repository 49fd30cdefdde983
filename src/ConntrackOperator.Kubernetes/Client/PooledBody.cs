using System.Buffers;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>A whole response body in a pooled array.</summary>
internal sealed class PooledBody : IDisposable
{
    private byte[] _bytes;
    private int _length;

    private PooledBody(int capacity) => _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    public static async Task<PooledBody> ReadAsync(HttpContent content, int maxBytes, string what, CancellationToken cancellationToken)
    {
        var announced = content.Headers.ContentLength;
        if (announced > maxBytes)
        {
            throw ApiException.TooLarge(what, maxBytes);
        }

        // One byte more than announced: the read that finds the end needs room.
        var body = new PooledBody((int)Math.Max(4096, (announced ?? 0) + 1));
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                var read = await stream.ReadAsync(body._bytes.AsMemory(body._length), cancellationToken);
                if (read == 0)
                {
                    return body;
                }

                body._length += read;
                if (body._length > maxBytes)
                {
                    throw ApiException.TooLarge(what, maxBytes);
                }

                body.MakeRoom();
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        var bytes = Interlocked.Exchange(ref _bytes, []);
        _length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void MakeRoom()
    {
        if (_length < _bytes.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked(_bytes.Length * 2));
        Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}

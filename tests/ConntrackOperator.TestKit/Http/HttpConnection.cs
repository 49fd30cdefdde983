using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ConntrackOperator.TestKit.Http;

/// <summary>One client's connection: reads requests, writes answers, and can be cut at any point.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private Task<bool>? _filling;

    public HttpConnection(Socket socket)
    {
        _socket = socket;
        socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The next request; null when the client closed the connection.</summary>
    public async Task<HttpRequest?> ReadAsync()
    {
        if (await ReadLineAsync() is not { } first)
        {
            return null;
        }

        var parts = first.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        return new(parts[0], parts[1], headers, await ReadBodyAsync(headers));
    }

    /// <summary>Completes with true when the client has closed the connection, with false when it says something more.</summary>
    public async Task<bool> ClosedAsync()
    {
        _filling ??= FillAsync();
        return !await _filling;
    }

    public async Task WriteAsync(int code, string contentType, byte[] body, params (string Name, string Value)[] headers)
    {
        var head = Head(code, contentType, headers).Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n");
        await _stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head.ToString()), .. body]);
    }

    public async Task BeginChunksAsync()
    {
        var head = Head(200, "application/json", []).Append("Transfer-Encoding: chunked\r\n\r\n");
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()));
    }

    public async Task WriteChunkAsync(byte[] chunk)
    {
        var size = Encoding.ASCII.GetBytes(chunk.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
        await _stream.WriteAsync((byte[])[.. size, .. chunk, .. "\r\n"u8]);
    }

    public async Task EndChunksAsync() => await _stream.WriteAsync("0\r\n\r\n"u8.ToArray());

    /// <summary>Breaks the connection off, as a crash would.</summary>
    public void Cut()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Already broken.
        }

        _stream.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private static StringBuilder Head(int code, string contentType, (string Name, string Value)[] headers)
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {code} Answer\r\nContent-Type: {contentType}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return head;
    }

    private async Task<byte[]> ReadBodyAsync(Dictionary<string, string> headers)
    {
        if (headers.TryGetValue("Content-Length", out var length))
        {
            return await ReadBytesAsync(int.Parse(length, CultureInfo.InvariantCulture));
        }

        if (!headers.ContainsKey("Transfer-Encoding"))
        {
            return [];
        }

        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse(
                await ReadLineAsync() ?? throw new IOException("Cut."), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(await ReadBytesAsync(size));
            await ReadLineAsync();
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    private async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, newline).TrimEnd('\r');
                _start += newline + 1;
                return line;
            }

            if (!await MoreAsync())
            {
                return null;
            }
        }
    }

    private async Task<byte[]> ReadBytesAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await MoreAsync())
            {
                throw new IOException("The client went away in the middle of a request.");
            }
        }

        var bytes = _buffer.AsSpan(_start, count).ToArray();
        _start += count;
        return bytes;
    }

    private async Task<bool> MoreAsync()
    {
        var filling = _filling ?? FillAsync();
        _filling = null;
        return await filling;
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end));
            _end += read;
            return read > 0;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }
}

using System.Buffers;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>Reads the lines of a watch. The buffer is small, grows for a large object and shrinks again after it.</summary>
internal sealed class LineReader(Stream stream, int maxLineBytes, string what) : IDisposable
{
    private const int SmallBuffer = 8 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(SmallBuffer);
    private int _start;
    private int _end;
    private int _searched;

    /// <summary>The next line without its end, good until the next call; null at the end of the stream. What stands
    /// there without a line end was cut off and is left out.</summary>
    /// <exception cref="ApiException">The line is longer than allowed.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_bytes.Length == 0, this);
        while (true)
        {
            var newline = _bytes.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _bytes.AsMemory(_start, _searched + newline - _start);
                _start = _searched = _searched + newline + 1;
                return line;
            }

            _searched = _end;
            if (_end - _start > maxLineBytes)
            {
                throw ApiException.TooLarge(what, maxLineBytes);
            }

            MakeRoom();
            var read = await stream.ReadAsync(_bytes.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            _end += read;
        }
    }

    public void Dispose()
    {
        var bytes = Interlocked.Exchange(ref _bytes, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void MakeRoom()
    {
        var pending = _end - _start;
        if (pending == 0 && _bytes.Length > SmallBuffer * 4)
        {
            Replace(SmallBuffer);
        }
        else if (_end == _bytes.Length && pending > _bytes.Length / 2)
        {
            Replace(checked(_bytes.Length * 2));
        }
        else if (_start > 0)
        {
            _bytes.AsSpan(_start, pending).CopyTo(_bytes);
            Rebase(pending);
        }
    }

    private void Replace(int size)
    {
        var pending = _end - _start;
        var other = ArrayPool<byte>.Shared.Rent(size);
        _bytes.AsSpan(_start, pending).CopyTo(other);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = other;
        Rebase(pending);
    }

    private void Rebase(int pending)
    {
        _start = 0;
        _end = _searched = pending;
    }
}

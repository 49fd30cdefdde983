using Microsoft.Win32.SafeHandles;

namespace ConntrackOperator.Cli.Output;

/// <summary>The writing end of a pipe. Does not own it.</summary>
internal sealed class PipeOutput : Stream
{
    // The kernel writes so much whole or not at all (PIPE_BUF, pipe(7)): what was refused can be written again.
    private const int BlockBytes = 4096;

    // errno(3) is what .NET puts into an IOException's HResult.
    private const int EAGAIN = 11;
    private const int EPIPE = 32;

    private readonly FileStream _pipe;
    private bool _closed;

    private PipeOutput(FileStream pipe) => _pipe = pipe;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Takes a pipe or whatever else has no position; null for a file, where the shell and its other programs share one.</summary>
    /// <param name="handle">Stays the caller's.</param>
    public static PipeOutput? TryOpen(SafeFileHandle handle)
    {
        var pipe = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!pipe.CanSeek)
        {
            return new PipeOutput(pipe);
        }

        pipe.Dispose();
        return null;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <exception cref="OutputClosedException">Nobody reads it any more. Once; after that nothing is written.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        // Writers flush on their way out: the first failure has told everything.
        while (!buffer.IsEmpty && !_closed)
        {
            var block = buffer[..Math.Min(buffer.Length, BlockBytes)];
            try
            {
                _pipe.Write(block);
            }
            catch (IOException e) when (e.HResult == EAGAIN)
            {
                // Whoever shares the pipe has made it non-blocking, and it is full.
                Thread.Sleep(1);
                continue;
            }
            catch (IOException e) when (e.HResult == EPIPE)
            {
                _closed = true;
                throw new OutputClosedException(e);
            }

            buffer = buffer[block.Length..];
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pipe.Dispose();
        }

        base.Dispose(disposing);
    }
}

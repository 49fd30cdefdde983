using System.IO.Pipes;
using ConntrackOperator.Cli.Output;
using Microsoft.Win32.SafeHandles;

namespace ConntrackOperator.Cli.Tests.Output;

public sealed class PipeOutputTests
{
    [Fact]
    public async Task A_pipe_that_is_read_gets_every_byte()
    {
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        var bytes = new byte[200_001];
        Random.Shared.NextBytes(bytes);
        var writing = Task.Run(
            () =>
            {
                using var output = Over(reader);
                output.Write(bytes);
                reader.DisposeLocalCopyOfClientHandle();
            },
            TestContext.Current.CancellationToken);
        using var read = new MemoryStream();
        await reader.CopyToAsync(read, TestContext.Current.CancellationToken);
        await writing;
        Assert.Equal(bytes, read.ToArray());
    }

    [Fact]
    public void A_pipe_that_nobody_reads_any_more_says_so_once_and_then_is_silent()
    {
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var output = Over(reader);
        output.Write("one"u8);
        reader.SafePipeHandle.Dispose();

        // A program that another test starts has the reader as well until it has begun, so that nobody may read a moment later only.
        Assert.Throws<OutputClosedException>(() =>
        {
            for (var tries = 0; tries < 500; tries++)
            {
                output.Write("two"u8);
                Thread.Sleep(10);
            }
        });
        output.Write("three"u8);
        output.Flush();
    }

    [Fact]
    public void A_file_is_left_to_the_shared_position()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            Assert.Null(PipeOutput.TryOpen(file));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static PipeOutput Over(AnonymousPipeServerStream reader)
    {
        var handle = new SafeFileHandle(reader.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        return PipeOutput.TryOpen(handle) ?? throw new InvalidOperationException("a pipe has no position");
    }
}

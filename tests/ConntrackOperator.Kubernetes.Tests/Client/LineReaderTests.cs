using System.Text;
using ConntrackOperator.Kubernetes.Client;
using CsCheck;

namespace ConntrackOperator.Kubernetes.Tests.Client;

public sealed class LineReaderTests
{
    [Fact]
    public void Lines_come_out_as_they_went_in_however_the_stream_is_cut() =>
        Gen.Select(Gen.Int[0, 40_000].Array[0, 12], Gen.Int[1, 20_000]).SampleAsync(async (lengths, piece) =>
        {
            var lines = lengths.Select((length, i) => new string((char)('a' + i), length)).ToList();
            var bytes = Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line + "\n")) + "cut off");
            using var reader = new LineReader(new Pieces(bytes, piece), 1_000_000, "test");
            foreach (var line in lines)
            {
                Assert.Equal(line, Encoding.ASCII.GetString((await reader.ReadAsync(CancellationToken.None))!.Value.Span));
            }

            Assert.Null(await reader.ReadAsync(CancellationToken.None));
        }, iter: 200);

    [Fact]
    public async Task Line_beyond_the_limit_is_refused()
    {
        using var reader = new LineReader(new Pieces(new byte[200_000], 4096), 100_000, "test");
        var e = await Assert.ThrowsAsync<ApiException>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal("TooLarge", e.Reason);
    }

    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
    }
}

using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>The rows of /proc/net/stat/nf_conntrack, for the network namespace of the calling thread.</summary>
internal sealed class ProcCounterRows(string procPath) : ICounterRows
{
    private readonly byte[][] _paths =
    [
        NativePath.Encode(procPath + "/thread-self/net/stat/nf_conntrack"),
        NativePath.Encode(procPath + "/net/stat/nf_conntrack"),
    ];

    private byte[] _buffer = new byte[8 * 1024];

    public CounterSource Source => CounterSource.Proc;

    public bool TryRead(List<CounterRow> rows)
    {
        foreach (var path in _paths)
        {
            var length = SmallFile.ReadAll(path, ref _buffer);
            if (length > 0 && StatFile.TryParse(_buffer.AsSpan(0, length), rows))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        // Nothing is kept open.
    }
}

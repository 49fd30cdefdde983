using System.Buffers;
using System.Buffers.Text;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>The kernel's slab cache of connection-tracking entries, from /proc/slabinfo (man 5 slabinfo).</summary>
public static class SlabInfo
{
    private static readonly SearchValues<byte> _hexDigits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Bytes a slot of the cache nf_conntrack.</summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <returns>Null when the file can't be read (it is for root only) or knows no such cache.</returns>
    public static int? ReadSlotBytes(string procPath = "/proc")
    {
        ArgumentNullException.ThrowIfNull(procPath);
        var buffer = new byte[32 * 1024];
        var length = SmallFile.ReadAll(NativePath.Encode(procPath + "/slabinfo"), ref buffer);
        return length <= 0 ? null : Parse(buffer.AsSpan(0, length));
    }

    /// <summary>Finds the cache's line: name, active objects, objects, bytes an object, ...</summary>
    internal static int? Parse(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            if (!IsEntryCache(NextField(ref line)))
            {
                continue;
            }

            _ = NextField(ref line);
            _ = NextField(ref line);
            var size = NextField(ref line);
            return Utf8Parser.TryParse(size, out int bytes, out var used) && used == size.Length && bytes > 0 ? bytes : null;
        }

        return null;
    }

    // Before Linux 4.8 each network namespace had its own cache, named nf_conntrack_<address or number>.
    private static bool IsEntryCache(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("nf_conntrack"u8))
        {
            return true;
        }

        var prefix = "nf_conntrack_"u8;
        return name.StartsWith(prefix)
            && name.Length > prefix.Length
            && name[prefix.Length..].IndexOfAnyExcept(_hexDigits) < 0;
    }

    private static ReadOnlySpan<byte> NextField(ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart((byte)' ');
        var end = line.IndexOf((byte)' ');
        var field = end < 0 ? line : line[..end];
        line = end < 0 ? [] : line[end..];
        return field;
    }
}

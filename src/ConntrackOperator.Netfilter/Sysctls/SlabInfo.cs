using System.Buffers;
using System.Buffers.Text;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>The kernel's slab cache of connection-tracking entries, from /proc/slabinfo (man 5 slabinfo).</summary>
public static class SlabInfo
{
    private static readonly SearchValues<byte> _hexDigits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Bytes that one entry takes of the cache nf_conntrack: those of its slabs, divided by the slots in them.</summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <returns>Null when the file can't be read (it is for root only) or knows no such cache.</returns>
    public static int? ReadSlotBytes(string procPath = "/proc") => Read(procPath)?.SlotBytes;

    /// <summary>Slots in use of the cache nf_conntrack: entries of all network namespaces, and a few per CPU that are free.</summary>
    /// <inheritdoc cref="ReadSlotBytes"/>
    public static long? ReadObjects(string procPath = "/proc") => Read(procPath)?.Objects;

    /// <summary>Finds the cache's lines: name, active objects, objects, bytes an object, objects a slab, pages a slab, ...</summary>
    internal static (long Objects, int SlotBytes)? Parse(ReadOnlySpan<byte> text, int pageBytes)
    {
        (long Objects, int SlotBytes)? found = null;
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            if (!IsEntryCache(NextField(ref line)))
            {
                continue;
            }

            var (active, _, size) = (Number(ref line), Number(ref line), Number(ref line));
            var (slots, pages) = (Number(ref line), Number(ref line));
            if (size is > 0 and <= int.MaxValue && active is not null)
            {
                var slot = slots > 0 && pages > 0 ? (long)((Int128)pages.Value * pageBytes / slots.Value) : size.Value;
                found = ((found?.Objects ?? 0) + active.Value, (int)Math.Clamp(slot, size.Value, int.MaxValue));
            }
        }

        return found;
    }

    private static (long Objects, int SlotBytes)? Read(string procPath)
    {
        ArgumentNullException.ThrowIfNull(procPath);
        var buffer = new byte[32 * 1024];
        var length = SmallFile.ReadAll(NativePath.Encode(procPath + "/slabinfo"), ref buffer);
        return length <= 0 ? null : Parse(buffer.AsSpan(0, length), Environment.SystemPageSize);
    }

    private static long? Number(ref ReadOnlySpan<byte> line)
    {
        var field = NextField(ref line);
        return Utf8Parser.TryParse(field, out long number, out var used) && used == field.Length && number >= 0 ? number : null;
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

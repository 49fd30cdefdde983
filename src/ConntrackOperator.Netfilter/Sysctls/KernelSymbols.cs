namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>
/// The kernel's symbols, /proc/kallsyms: "address type name", and the module's name in brackets behind a tab. Anybody may read the
/// names; only the addresses are hidden (kernel/kallsyms.c). Built in, a part of the kernel without parameters has no directory in
/// /sys/module: its symbols are the trace of it.
/// </summary>
internal static class KernelSymbols
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Whether a function is part of the kernel itself. Reads up to all symbols, some megabytes: tens of milliseconds.</summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="function">Its name.</param>
    /// <returns>False: it is a module's, or nowhere. Null: it can't be told, since there are no symbols of connection tracking either.
    /// </returns>
    public static bool? IsBuiltIn(string procPath, ReadOnlySpan<byte> function)
    {
        var line = (byte[])[(byte)' ', .. function, (byte)'\n'];
        try
        {
            using var file = new FileStream(procPath + "/kallsyms", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var (buffer, kept, tracking) = (new byte[BufferBytes], 0, false);
            while (file.Read(buffer.AsSpan(kept)) is > 0 and var read)
            {
                var text = buffer.AsSpan(0, kept + read);
                if (text.IndexOf(line) >= 0)
                {
                    return true;
                }

                tracking = tracking || text.IndexOf(" nf_conntrack_"u8) >= 0;

                // The next part may begin within it.
                kept = Math.Min(text.Length, line.Length);
                text[^kept..].CopyTo(buffer);
            }

            return tracking ? false : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }
}

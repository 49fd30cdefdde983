using System.Globalization;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>The kernel's lists of CPUs, such as 0-3,8 (Documentation/admin-guide/cputopology.rst).</summary>
internal static class CpuList
{
    /// <summary>How many CPUs the list names; 0 when it can't be understood.</summary>
    internal static int Count(ReadOnlySpan<char> list)
    {
        var count = 0L;
        foreach (var range in list.Split(','))
        {
            var part = list[range].Trim();
            var dash = part.IndexOf('-');
            if (!TryNumber(dash < 0 ? part : part[..dash], out var first)
                || !TryNumber(dash < 0 ? part : part[(dash + 1)..], out var last)
                || last < first)
            {
                return 0;
            }

            count += (long)last - first + 1;
        }

        return count <= int.MaxValue ? (int)count : 0;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

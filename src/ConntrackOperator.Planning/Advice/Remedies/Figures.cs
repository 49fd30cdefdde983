namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>Numbers in sentences.</summary>
internal static class Figures
{
    /// <summary>A count, such as 1,048,576.</summary>
    internal static string Count(double number) => Math.Round(number).ToString("N0");

    /// <summary>An estimate with three digits that mean something, such as 612,000.</summary>
    internal static string About(long number)
    {
        var step = 1L;
        while (number / step >= 1000)
        {
            step *= 10;
        }

        return Count(number / step * step);
    }

    /// <summary>A share in percent, such as 76.4%: to the same digit wherever it is said.</summary>
    internal static string Percent(double percent) => Tenths(percent).ToString("0.#") + "%";

    /// <summary>A share to a tenth of a percent; what is less than all is not said to be all.</summary>
    internal static double Tenths(double percent) =>
        percent < 100 ? Math.Min(99.9, Math.Round(percent, 1, MidpointRounding.AwayFromZero)) : percent;

    /// <summary>Address and port, such as 10.0.0.1:443 or [2001:db8::1]:443.</summary>
    internal static string End(string? address, int? port) =>
        address is null ? $"port {port}"
        : port is null ? address
        : $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}";

    /// <summary>A few names in a row, such as a, b and 3 more.</summary>
    internal static string List(IEnumerable<string> names, int most = 3)
    {
        var all = names.ToList();
        return all.Count switch
        {
            0 => string.Empty,
            1 => all[0],
            _ when all.Count <= most => string.Join(", ", all[..^1]) + " and " + all[^1],
            _ => $"{string.Join(", ", all[..most])} and {all.Count - most} more",
        };
    }
}

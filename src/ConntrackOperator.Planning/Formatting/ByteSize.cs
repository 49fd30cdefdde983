namespace ConntrackOperator.Planning.Formatting;

/// <summary>Amounts of memory for people.</summary>
public static class ByteSize
{
    // 8Ei is the most that there is.
    private static readonly string[] _suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    /// <summary>
    /// Writes an amount with the largest unit that it fills and at most one decimal, such as 16Gi or 1.6Gi, rounded to the nearest.
    /// </summary>
    /// <param name="bytes">Bytes, 0 or more.</param>
    /// <returns>The amount.</returns>
    public static string Format(long bytes)
    {
        var amount = (decimal)bytes;
        var unit = 0;
        while (Math.Round(amount, 1) >= 1024)
        {
            amount /= 1024;
            unit++;
        }

        return Math.Round(amount, 1).ToString("0.#") + _suffixes[unit];
    }
}

using System.Globalization;

namespace ConntrackOperator.Planning.Advice;

/// <summary>Numbers in sentences.</summary>
internal static class Figures
{
    /// <summary>A count, such as 1,048,576.</summary>
    internal static string Count(double number) => Math.Round(number).ToString("N0", CultureInfo.InvariantCulture);

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

    /// <summary>A share in percent, such as 76%.</summary>
    internal static string Percent(double percent) => Math.Floor(percent).ToString("F0", CultureInfo.InvariantCulture) + "%";
}

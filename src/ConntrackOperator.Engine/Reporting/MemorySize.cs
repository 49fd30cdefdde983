using System.Globalization;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>Bytes for people.</summary>
public static class MemorySize
{
    private static readonly string[] _units = ["", "Ki", "Mi", "Gi", "Ti"];

    /// <summary>Three significant digits at most, with Kubernetes' binary suffixes: 83.9Mi, 320Mi, 1.25Gi.</summary>
    /// <param name="bytes">Bytes, 0 or more.</param>
    public static string Format(long bytes)
    {
        double amount = bytes;
        var unit = 0;
        while (amount >= 1000 && unit < _units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        var format = amount >= 100 || unit == 0 ? "0" : amount >= 10 ? "0.#" : "0.##";
        return amount.ToString(format, CultureInfo.InvariantCulture) + _units[unit];
    }
}

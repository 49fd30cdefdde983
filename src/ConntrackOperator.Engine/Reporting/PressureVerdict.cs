using System.Globalization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Engine.Observation;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From pressure to the condition. Pure.</summary>
internal static class PressureVerdict
{
    public static Verdict From(PressureLevel level, in TableReading reading)
    {
        var used = reading.Percent is { } percent
            ? string.Create(CultureInfo.InvariantCulture, $"{reading.Entries} of {reading.Limit} entries, {percent}% full")
            : "usage unknown";
        var drops = reading.Rates.DropsPerMinute > 0
            ? string.Create(CultureInfo.InvariantCulture, $"; {Math.Ceiling(reading.Rates.DropsPerMinute)} packets a minute are dropped for want of an entry")
            : string.Empty;
        return new Verdict(level != PressureLevel.Normal, level.ToString(), used + drops);
    }
}

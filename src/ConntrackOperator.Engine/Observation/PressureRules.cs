using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Engine.Observation;

/// <summary>From usage to pressure. Races lost don't come in: more room is no help against them. Pure.</summary>
internal static class PressureRules
{
    /// <summary>
    /// A level is left only when usage has fallen this far below it, in percentage points, or by half of it where that is less, so that it
    /// does not flap.
    /// </summary>
    public const int Hysteresis = 5;

    public static PressureLevel Level(int? percent, double? tableFullDropsPerMinute, NodePressure? thresholds, PressureLevel before)
    {
        if (tableFullDropsPerMinute > 0)
        {
            return PressureLevel.Critical;
        }

        if (percent is not { } used)
        {
            return PressureLevel.Normal;
        }

        var warning = thresholds?.WarningPercent ?? PressureSpec.DefaultWarningPercent;
        var critical = thresholds?.CriticalPercent ?? PressureSpec.DefaultCriticalPercent;
        return used >= critical || (before == PressureLevel.Critical && used > Left(critical)) ? PressureLevel.Critical
            : used >= warning || (before != PressureLevel.Normal && used > Left(warning)) ? PressureLevel.Warning
            : PressureLevel.Normal;
    }

    // A threshold of a few per cent would never be left otherwise, or only by an empty table.
    private static int Left(int threshold) => threshold - Math.Clamp(threshold / 2, 1, Hysteresis);
}

using ConntrackOperator.Api.Meta;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>From pressure to the condition. Pure.</summary>
internal static class PressureVerdict
{
    public static ConditionResult From(PressureLevel level, in TableReading reading)
    {
        var used = reading.Percent is { } percent
            ? $"{reading.Entries} of {reading.Limit} entries, {percent}% full"
            : reading is { NoLimit: true, Entries: { } entries } ? $"{entries} entries, no limit"
            : "usage unknown";
        var drops = reading.Rates?.TableFullDropsPerMinute is > 0 and var full ? "; " + PacketLoss.TableFull(full) : string.Empty;
        var races = reading.Rates?.RacesLostPerMinute is >= PacketLoss.RacesThatCount and var lost
            ? "; " + PacketLoss.Races(lost) : string.Empty;
        return new ConditionResult(level != PressureLevel.Normal, level.ToString(), used + drops + races);
    }
}

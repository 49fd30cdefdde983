using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Many short connections: what is left of each stays for the time-out of TIME_WAIT.</summary>
internal static class ShortConnectionRules
{
    private const string Sysctl = "nf_conntrack_tcp_timeout_time_wait";

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var (waiting, closing) = (situation.Left(TrafficClass.TimeWait), situation.Left(TrafficClass.Closing));
        if (!situation.IsTight || !situation.IsCause(waiting + closing) || waiting + closing == 0)
        {
            yield break;
        }

        situation.Explain(TrafficClass.TimeWait, waiting);
        situation.Explain(TrafficClass.Closing, closing);
        var facts = situation.Facts;
        var entries = (situation.Whole(TrafficClass.TimeWait)?.Entries ?? default)
            + (situation.Whole(TrafficClass.Closing)?.Entries ?? default);
        var now = situation.Timeout(Sysctl);
        var arrivals = Rate(situation, now);
        var enough = Enough(situation, entries, arrivals, now);
        var floor = TimeoutFloors.Floor(Sysctl)!.Value;
        var value = enough?.Seconds ?? (now > 30 ? 30 : floor);
        var shorter = value < now;
        var larger = enough is { Suffices: false }
            ? SizeRules.Size(facts, (enough.PerSecond * value) + Math.Max(0, facts.Entries - entries.Middle)) : null;
        var place = situation.Groups(TrafficView.Destination, TrafficClass.TimeWait).FirstOrDefault();
        var source = situation.Groups(TrafficView.Source, TrafficClass.TimeWait).FirstOrDefault();
        var size = larger?.ToString();
        (string, string)[] fields = [
            .. shorter
                ? ((string, string)[])[("timeouts.tcp.timeWait", KubeDuration.Format(value))]
                : [], .. size is null ? [] : ((string, string)[])[("table.size.entries", size)]];
        yield return new Finding
        {
            Cause = Cause.ShortConnections,
            Severity = situation.Severity,
            Confidence = Confidence.Certain,
            Text =
                $"connections that are over (TIME_WAIT and the like) are {Figures.Percent(situation.Percent(entries.Least))} of "
                    + $"entries{(arrivals is { Most: > 0 } ? $", {Figures.Count(arrivals.Value.Middle)} more a second" : string.Empty)}: "
                    + (shorter ? $"timeouts.tcp.timeWait {KubeDuration.Format(value)}, then flush them"
                        : size is null ? "flush them, then let clients use connections again"
                        : $"table.size.entries {size}, then flush them"),
            Seen = situation.Seen(entries, "in TIME_WAIT, FIN_WAIT, LAST_ACK or CLOSE", arrivals),
            Because = "both ends have closed: these entries only wait for their time-out",
            RuledOut =
            [
                new Rival(Cause.CloseWait, "there, one end has not closed"),
                new Rival(
                    Cause.TableTooSmall,
                    enough is { Suffices: false } ? $"it is as well: {enough.Text}" : "entries of connections that are over serve nobody"),
            ],
            Who =
            [
                .. source is null ? [] : (Party[])[situation.Source(source)],
                .. place is null ? [] : (Party[])[situation.Destination(place)],
            ],
            Entries = entries,
            NewPerSecond = arrivals,
            Now =
            [
                .. fields.Length == 0
                    ? []
                    : (AdviceStep[])[
                        Commands.InForce(
                            facts.Target,
                            Commands.Apply(
                                facts.Target,
                                enough is null ? "First keep those to come for less long" : $"First hold those to come: {enough.Text}",
                                fields))],
                new AdviceStep(
                    shorter
                        ? "Then delete those that are there, which keep the time-out that they came with: both ends have closed, so nobody "
                        + "is hurt" : "Delete those that are there: both ends have closed, so nobody is hurt",
                    Commands.Flush(facts.Target, "tcp", ["TIME_WAIT", "CLOSE"])),
            ],
            ForGood = [
                new AdviceStep(
                    "Let clients use a connection for more than one request (keep-alive, a pool): it takes the entries away at their "
                        + "source")],
            Field = fields.Length == 0 ? null : fields[0].Item1,
            Value = fields.Length == 0 ? null : fields[0].Item2,
            Frees = entries,
            FullAgainSeconds = enough is { Suffices: false } && size is null ? situation.FullAgain(entries.Least, enough.PerSecond) : null,
            Enough = enough,
            Sufficient = enough is null or { Suffices: true } || size is not null,
            Elsewhere = enough is { Suffices: false } && size is null ? "the clients: connections that serve more than one request" : null,
            MayBreak = [
                $"a FIN that is repeated later than {KubeDuration.Format(value)} after the end finds no entry; both ends have closed by "
                    + "then"],
            NotKnown = arrivals is null ? [new NotKnown("how many come a second", Commands.Look(facts.Target, "advise --watch 30s"))] : [],
        };
    }

    // Entries get there from ESTABLISHED, so new tuples tell the rate only while all are young: what got there in the last five seconds
    // does.
    private static Bounds? Rate(Situation situation, long? timeout)
    {
        if (situation.Whole(TrafficClass.TimeWait) is not { } whole)
        {
            return situation.Arrivals(situation.Whole(TrafficClass.Closing)?.NewPerSecond);
        }

        var young = (100 - whole.IdlePercent(5)) / 100 / 5;
        var seen = whole.IdleAtLeast.Count == 0
            ? whole.NewPerSecond : new Bounds((long)(whole.Entries.Least * young), (long)(whole.Entries.Most * young));
        var steady = timeout is > 0 ? whole.Entries.Middle / timeout.Value : 0;
        return seen is { } rate ? situation.Arrivals(rate with { Most = Math.Max(rate.Most, steady) }) : null;
    }

    private static Demand? Enough(Situation situation, Bounds entries, Bounds? arrivals, long? now)
    {
        if (arrivals is not { Most: > 0 } rate || now is null || situation.Facts.Limit <= 0)
        {
            return null;
        }

        var room = situation.RoomFor(entries.Middle);
        var steps = TimeoutFloors.Below(Sysctl, now.Value).Prepend(now.Value).Select(seconds => new Demand(rate.Most, seconds, room))
            .ToList();
        return steps.Find(demand => demand.Suffices) ?? steps[^1];
    }
}

using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Connections that one end has closed and the other does not.</summary>
internal static class CloseWaitRules
{
    private const string Sysctl = "nf_conntrack_tcp_timeout_close_wait";
    private const double LeastPercent = 10;
    private const double MostOfIt = 0.5;
    private static readonly long[] _idleSteps = [3600, 600, 60, 30, 20, 10];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var entries = situation.Left(TrafficClass.CloseWait);
        if (!situation.IsTight || !situation.IsCause(entries, LeastPercent))
        {
            yield break;
        }

        situation.Explain(TrafficClass.CloseWait, entries);
        var facts = situation.Facts;
        var whole = situation.Whole(TrafficClass.CloseWait)!;
        var place = situation.Groups(TrafficView.Destination, TrafficClass.CloseWait)
            .FirstOrDefault(group => group.Entries.Middle >= whole.Entries.Middle * MostOfIt);
        var pair = situation.Groups(TrafficView.Pair, TrafficClass.CloseWait)
            .FirstOrDefault(group => group.Entries.Middle >= whole.Entries.Middle * MostOfIt);
        var of = pair ?? place ?? whole;
        var now = situation.Timeout(Sysctl);
        var floor = TimeoutFloors.Floor(Sysctl)!.Value;
        var shorter = now > floor;
        var idle = pair is null || of.IdlePercent(_idleSteps[^1]) <= 0
            ? floor : _idleSteps.First(step => step == _idleSteps[^1] || of.IdlePercent(step) >= of.IdlePercent(_idleSteps[^1]) * 0.8);
        var isAssumed = situation.IsAssumed(idle);
        var freed = new Bounds((long)(of.Entries.Least * of.IdlePercent(idle) / 100), (long)(of.Entries.Most * of.IdlePercent(idle) / 100));
        var arrivals = situation.Arrivals(whole.NewPerSecond);
        var value = KubeDuration.Format(floor);
        var where = place is null ? string.Empty : $" to {Figures.End(place.Destination, place.Port)}";
        var from = pair is null ? string.Empty : $" from {pair.Source}";
        var flush = new AdviceStep(
            $"Delete those that were quiet for {KubeDuration.Format(idle)}"
                + (shorter ? ", before the time-out is changed: afterwards nobody can tell how long they were" : string.Empty)
                + Commands.HeldNote(facts.Target, isAssumed),
            Commands.Flush(
                facts.Target, "tcp", ["CLOSE_WAIT"], source: pair?.Source, destination: pair?.Destination ?? place?.Destination,
                port: pair?.Port ?? place?.Port, idleSeconds: idle, isAssumed: isAssumed));
        yield return new Finding
        {
            Cause = Cause.CloseWait,
            Severity = situation.Severity,
            Confidence = Confidence.Likely,
            Text =
                $"connections{from}{where} that one end has closed and the other does not (CLOSE_WAIT) are "
                    + $"{Figures.Percent(situation.Percent(whole.Entries.Least))} of entries: "
                + (shorter
                    ? $"timeouts.tcp.closeWait {value} in the place of {KubeDuration.Format(now!.Value)}, and mend the program that "
                    + "leaks sockets" : "mend the program that leaks sockets"),
            Seen = [
                .. situation.Seen(whole.Entries, $"CLOSE_WAIT{from}{where}", arrivals),
                now is null ? "their time-out is not known" : $"their time-out is {KubeDuration.Format(now.Value)}"],
            Because =
                "the first FIN has passed and was acknowledged, the second has not: the program at that end got the end of the stream "
                    + "and did not close its socket",
            RuledOut =
            [
                new Rival(Cause.ShortConnections, "those have closed at both ends (TIME_WAIT)"),
                new Rival(Cause.TableTooSmall, "a larger table is only full later"),
            ],
            Who =
            [
                .. pair is null ? [] : (Party[])[situation.Source(pair)],
                .. place is null ? [] : (Party[])[situation.Destination(place)],
            ],
            Entries = whole.Entries,
            NewPerSecond = arrivals,
            Now = [
                .. freed.Most > 0 || !shorter
                    ? (AdviceStep[])[flush]
                    : [],
                        .. shorter
                            ? (AdviceStep[])[
                                Commands.Apply(
                                    facts.Target, $"Those to come stay for {value} after their last packet",
                                    ("timeouts.tcp.closeWait", value))] : []],
            ForGood =
            [
                new AdviceStep(
                    "Mend the program that does not close its sockets: on its machine they stand in CLOSE-WAIT",
                    place?.Port is { } port
                        ? $"ss -tnp state close-wait '( sport = :{port} or dport = :{port} )' | head" : "ss -tnp state close-wait | head"),
            ],
            Field = shorter ? "timeouts.tcp.closeWait" : null,
            Value = shorter ? value : null,
            Frees = freed.Most > 0 && (!isAssumed || facts.Target.Node is null) ? freed : null,
            FullAgainSeconds = arrivals is { Most: > 0 } rate && (rate.Most * floor) + facts.Entries - whole.Entries.Middle > facts.Limit
                ? situation.FullAgain(freed.Least, rate.Most) : null,
            Enough = arrivals is { Most: > 0 } && facts.Limit > 0
                ? new Demand(arrivals.Value.Most, Math.Min(floor, now ?? floor), situation.RoomFor(whole.Entries.Middle)) : null,
            MayBreak =
            [
                "half-closed streams (one end has sent everything and still receives) that are quiet for longer than "
                    + $"{KubeDuration.Format(Math.Min(idle, floor))}: where addresses are translated they break",
                .. LeakRules.Invalid(facts),
            ],
            NotKnown = [.. situation.IdleNotKnown(idle)],
        };
    }
}

using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>One client that opens connections to one place and does not close them, young or old.</summary>
internal static class LeakRules
{
    private const double Silent = 80;
    private const double Majority = 50;
    private const long IdleLong = 7440;

    // Connections in use send something now and then: 0.4 % a second is a packet in four minutes.
    private const double SpeakingPercentPerSecond = 0.4;
    private const int LeastRoom = 256;
    private const double MostSpokeLately = 60;

    private static readonly long[] _idleSteps = [7440, 3600, 600, 60, 30, 20, 10];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        foreach (var pair in situation.Groups(TrafficView.Pair, TrafficClass.Established)
            .Where(pair => situation.IsCause(pair.Entries.Least)))
        {
            if (Judge(situation, pair) is { } leak)
            {
                situation.Explain(TrafficClass.Established, pair.Entries.Middle);
                yield return Leak(situation, pair, leak);
            }
        }
    }

    private static (Confidence Confidence, string Why)? Judge(Situation situation, TrafficFacts pair)
    {
        var (isOld, isAssumed) = (pair.IdlePercent(IdleLong) >= Majority, situation.IsAssumed(IdleLong));
        var old = $"{Figures.Percent(pair.IdlePercent(IdleLong))} of them have sent nothing for over 2h4m{situation.IfHeld(IdleLong)}, "
            + "through which keepalives would have come";
        if (isOld && !isAssumed)
        {
            return (Confidence.Likely, old);
        }

        if (pair.SilentPercent is >= Silent and var silent)
        {
            return (Confidence.Likely, $"{Figures.Percent(silent)} of them have sent nothing since they were opened");
        }

        // Without counters and timestamps: does any of those that were there at the first look speak until the second?
        var seconds = situation.Facts.Watched.TotalSeconds;
        var speak = pair.SpeakingPercent is { } part && seconds > 0 ? part / seconds >= SpeakingPercentPerSecond : (bool?)null;
        if (isOld)
        {
            return speak == true ? null : (Confidence.Suspected, old);
        }

        return pair.SilentPercent is null && speak == false && !Speaks(situation, pair) && pair.SpeakingPercent is { } speaking
            ? (Confidence.Suspected, $"in {seconds:0.#} s, {speaking:0.##}% of those that were there are known to have sent anything")
            : null;
    }

    // Whole seconds are told, so a short look can't see who spoke during it. But where none was opened and none lost, whoever had a packet
    // in the last seconds was in use.
    private static bool Speaks(Situation situation, TrafficFacts pair) =>
        pair is { NewPerSecond.Most: 0, IdleAtLeast.Count: > 0 } && situation.Facts.Rates is { LostForWant: <= 0, EarlyDrops: <= 0 }
        && 100 - pair.IdlePercent(Situation.LatelySeconds) >= MostSpokeLately;

    private static Finding Leak(Situation situation, TrafficFacts group, (Confidence Confidence, string Why) leak)
    {
        var facts = situation.Facts;
        var place = Figures.End(group.Destination, group.Port);
        var from = group.Source is null ? string.Empty : $" from {group.Source}";
        var local = group.Source is { } source && facts.LocalAddresses.Contains(source);
        var idle = Idle(group);
        var isAssumed = situation.IsAssumed(idle);
        var freed = Share(group, idle);
        var limit = Math.Max(LeastRoom, group.Entries.Least / 10 / 256 * 256);
        var arrivals = situation.Arrivals(group.NewPerSecond);
        var old = group.IdlePercent(IdleLong) >= Majority;
        var packets = new Packets
        {
            Protocol = "tcp",
            Source = group.Source,
            Destination = group.Destination,
            DestinationPort = group.Port,
        };
        var flush = new AdviceStep(
            "Delete the entries that nobody uses"
                + (isAssumed && facts.Target.Node is null ? string.Empty : "; count first with --dry-run in the place of --yes")
                + Commands.HeldNote(facts.Target, isAssumed),
            Commands.Flush(
                facts.Target, "tcp", ["ESTABLISHED"], source: group.Source, destination: group.Destination, port: group.Port,
                idleSeconds: idle, isAssumed: isAssumed));
        var timeout = old && situation.Timeout("nf_conntrack_tcp_timeout_established") is > IdleLong
            ? Commands.Apply(
                facts.Target, "Idle connections then leave by themselves (entries that are there take it with their next packet)",
                ("timeouts.tcp.established", KubeDuration.Format(IdleLong)))
            : null;
        if (timeout is not null)
        {
            situation.Advised["nf_conntrack_tcp_timeout_established"] = IdleLong;
        }

        return new Finding
        {
            Cause = Cause.LeakingClient,
            Severity = situation.Severity,
            Confidence = leak.Confidence,
            Text =
                $"{(leak.Confidence == Confidence.Suspected ? "suspected leak" : "leak")}: connections{from} to {place} are opened and "
                    + $"not used: {Figures.Percent(situation.Percent(group.Entries.Least))} of "
                    + $"entries{(arrivals is { Most: > 0 } ? $", {Figures.Count(arrivals.Value.Middle)} more a second" : string.Empty)}; "
                    + $"stop the client or limit its connections, then flush those idle for {KubeDuration.Format(idle)}",
            Seen = [.. situation.Seen(group.Entries, $"ESTABLISHED{from} to {place}", arrivals), leak.Why],
            Because = leak.Why + "; connections that are in use send, and a pool keeps a bounded number",
            RuledOut =
            [
                new Rival(Cause.TableTooSmall, "a larger table is only full later: nothing takes these entries away but their time-out"),
                new Rival(Cause.IdleConnections, group.Source is null ? "they go to one place" : "they are one client's, to one place"),
            ],
            Who =
            [
                .. group.Source is null
                    ? [] : (Party[])[situation.Source(group) with { Name = local ? "this machine" : null }],
                situation.Destination(group),
            ],
            Entries = group.Entries,
            NewPerSecond = arrivals,
            Now =
            [
                .. group.Source is null ? [] : (AdviceStep[])
                [
                    new AdviceStep(
                        $"Hold it until the client is mended: no more than {limit:N0} connections of it at a time",
                        Commands.LimitConnections(facts.Rules, packets, (int)limit, local)),
                ],
                flush,
                .. timeout is null ? [] : (AdviceStep[])[timeout],
            ],
            ForGood =
            [
                new AdviceStep(
                    "Mend the client: give its pool a bound and an idle time-out, close what is not used",
                    local && group.Port is not null
                        ? $"ss -tnp dst {place} | awk '{{print $6}}' | sort | uniq -c | sort -rn | head" : null),
                .. group.Source is null ? [] : (AdviceStep[])[Commands.Undo(facts.Rules, "When the client is mended, take the rules away")],
            ],
            Field = timeout is null ? null : "timeouts.tcp.established",
            Value = timeout is null ? null : KubeDuration.Format(IdleLong),
            Frees = freed.Most > 0 && (!isAssumed || facts.Target.Node is null) ? freed : null,
            FullAgainSeconds = group.Source is null ? situation.FullAgain(freed.Least, arrivals?.Most ?? 0) : null,
            MayBreak =
            [
                $"connections{from} to {place} that are in use and were quiet for {KubeDuration.Format(idle)}: where addresses are "
                    + "translated they break",
                .. Invalid(facts),
            ],
            NotKnown = leak.Confidence != Confidence.Suspected ? [.. situation.IdleNotKnown(idle)] :
            [
                .. situation.IdleNotKnown(idle),
                new NotKnown(
                    "whether they were ever used: a pool of connections that wait looks the same for as long",
                    Commands.Look(facts.Target, "advise --watch 30s")),
                new NotKnown(
                    "what each has sent", "sysctl -w net.netfilter.nf_conntrack_acct=1    # counts for connections opened from then on"),
            ],
        };
    }

    /// <summary>What a flush does to connections whose client closes them afterwards.</summary>
    internal static IEnumerable<string> Invalid(TableFacts facts) => facts.Rules.DropsInvalid switch
    {
        true =>
            [$"a FIN after the flush is INVALID, and a rule here drops it ({facts.Rules.DropsInvalidRule}): the other end keeps its "
                + "socket until its own time-out"],
        null =>
            ["a FIN after the flush is INVALID: where a rule drops it (not known here), the other end keeps its socket until its own "
                + "time-out"],
        false => [],
    };

    private static long Idle(TrafficFacts group)
    {
        var most = group.IdlePercent(_idleSteps[^1]);
        return most <= 0
            ? _idleSteps[^1] : _idleSteps.First(step => step == _idleSteps[^1] || group.IdlePercent(step) >= most * 0.8);
    }

    private static Bounds Share(TrafficFacts group, long idle) =>
        new((long)(group.Entries.Least * group.IdlePercent(idle) / 100), (long)(group.Entries.Most * group.IdlePercent(idle) / 100));
}

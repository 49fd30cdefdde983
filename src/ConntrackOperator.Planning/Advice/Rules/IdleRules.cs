using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>
/// Time-outs that keep entries for longer than they are of use: connections without a packet for hours, of no single client.
/// </summary>
internal static class IdleRules
{
    private const double WorthPercent = 5;
    private const double Mostly = 50;
    private const int Named = 3;
    private const double EnoughOfWhatCanBeFreed = 0.9;
    private static readonly string[] _sysctls = [
        "nf_conntrack_tcp_timeout_established", "nf_conntrack_sctp_timeout_established", "nf_conntrack_generic_timeout",
        "nf_conntrack_udp_timeout_stream"];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        if (!situation.IsTight)
        {
            yield break;
        }

        foreach (var sysctl in _sysctls)
        {
            if (Idle(situation, sysctl) is { } finding)
            {
                yield return finding;
            }
        }
    }

    private static Finding? Idle(Situation situation, string sysctl)
    {
        var facts = situation.Facts;
        var states = facts.States.Where(state => state.Sysctl == sysctl && state.IdleAtLeast is not null).ToList();
        var now = situation.Timeout(sysctl) ?? 0;
        var steps = TimeoutFloors.Below(sysctl, now).ToList();
        var kind = sysctl.Contains("udp", StringComparison.Ordinal)
            ? TrafficClass.UdpStream : sysctl.Contains("tcp", StringComparison.Ordinal) ? TrafficClass.Established : TrafficClass.Other;
        var left = facts.Traffic.Count == 0 ? states.Sum(state => state.Entries) : situation.Left(kind);
        if (states.Count == 0 || steps.Count == 0 || left == 0)
        {
            return null;
        }

        var most = Freed(steps[^1]);
        var seconds = situation.Advised.TryGetValue(sysctl, out var said)
            ? said : steps.First(step => Freed(step) >= most * EnoughOfWhatCanBeFreed);
        if (!situation.Advised.ContainsKey(sysctl) && situation.IsAssumed(seconds))
        {
            // What is idle for longer is idle for that long as well, and that is known.
            seconds = steps.Find(step => !situation.IsAssumed(step)) is > 0 and var known ? known : seconds;
        }

        var (isAssumed, ifHeld) = (situation.IsAssumed(seconds), situation.IfHeld(seconds));

        // What another finding has explained was idle, too.
        var freed = Math.Min(Math.Max(0, Freed(seconds) - situation.Explained(kind)), left);
        if (freed == 0 || !situation.IsCause(freed, WorthPercent))
        {
            return null;
        }

        situation.Explain(kind, freed);
        var (field, value) = (SettingCatalog.BySysctl[sysctl].Path, KubeDuration.Format(seconds));
        var name = TimeoutFloors.NameOf(sysctl)!;
        var spread = (long)(facts.Entries * facts.ErrorBoundPercent / 100);
        var bounds = new Bounds(Math.Max(0, freed - spread), Math.Min(left, freed + spread));
        var kinds = states.Where(state => state.IdleAtLeast!(TimeSpan.FromSeconds(seconds)) > 0)
            .OrderByDescending(state => state.Entries).ThenBy(state => state.Protocol, StringComparer.Ordinal)
            .ThenBy(state => state.State, StringComparer.Ordinal);
        var flush = new AdviceStep(
            $"Delete those idle for {value}, before the time-out is changed; entries that are there keep their old one until their next "
                + $"packet{Commands.HeldNote(facts.Target, isAssumed)}",
            string.Join('\n', kinds.Select(state => Commands.Flush(
                facts.Target, state.Protocol, state.State.Length == 0 ? null : [state.State], idleSeconds: seconds,
                isAssumed: isAssumed))));
        return new Finding
        {
            Cause = Cause.IdleConnections,
            Severity = situation.Severity,
            Confidence = isAssumed ? Confidence.Suspected : facts.IsSample ? Confidence.Likely : Confidence.Certain,
            Text =
                $"{Figures.Percent(situation.Percent(freed))} of entries are {name} and idle for over {value}{ifHeld}: {field} {value} "
                    + $"would free about {Figures.About(freed)}; flush those idle for {value} first",
            Seen = situation.Seen(bounds, $"{name} without a packet for {value} at the least{ifHeld}", null),
            Because = $"they have had no packet for {value}{ifHeld}, and their time-out is {KubeDuration.Format(now)}"
                + (sysctl.Contains("established", StringComparison.Ordinal)
                    ? ": keepalives come every two hours (RFC 9293), so nobody holds these connections, or nobody would notice; peers "
                    + "that were rebooted leave such entries" : string.Empty),
            RuledOut =
            [
                new Rival(Cause.LeakingClient, "they are of no single client"),
                new Rival(Cause.TableTooSmall, "entries that are idle for so long serve nobody"),
            ],
            Who =
            [
                .. situation.Groups(TrafficView.Destination, kind).Where(g => g.IdlePercent(seconds) >= Mostly).Take(Named)
                    .Select(situation.Destination),
                .. situation.Groups(TrafficView.Source, kind).Where(g => g.IdlePercent(seconds) >= Mostly).Take(Named)
                    .Select(situation.Source),
            ],
            Entries = bounds,
            Now = [flush, Commands.Apply(facts.Target, "Those to come then leave by themselves", (field, value))],
            ForGood = [new AdviceStep("Keep the time-out in the policy")],
            Field = field,
            Value = value,
            Frees = isAssumed && facts.Target.Node is not null ? null : bounds,
            MayBreak = [
                $"connections that are quiet for longer than {value} and send no keepalives: where addresses are translated they break",
                .. LeakRules.Invalid(facts)],
            NotKnown = [.. situation.IdleNotKnown(seconds)],
        };

        long Freed(long step) => states.Sum(state => Math.Clamp(state.IdleAtLeast!(TimeSpan.FromSeconds(step)), 0, state.Entries));
    }
}

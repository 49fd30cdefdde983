using System.Globalization;
using ConntrackOperator.Incidents.Machine;

namespace ConntrackOperator.Incidents.Running;

/// <summary>The traffic that must not suffer, and what it lost.</summary>
internal sealed class LegitimateTraffic : IDisposable
{
    internal const string From = "10.81.0.10";

    private readonly Generator _generator;

    /// <param name="program">The traffic program.</param>
    /// <param name="topology">Where.</param>
    /// <param name="more">More targets of new connections: RATE@ADDRESS:PORT.</param>
    internal LegitimateTraffic(TrafficProgram program, Topology topology, string? more) =>
        _generator = new(program, topology.Clients,
            $"load from={From} new=10@10.96.0.10:80,5@10.84.0.2:80{(more is null ? "" : "," + more)} dns=10@10.96.0.53:53 "
            + "long=10@10.96.0.10:80,5@10.84.0.2:80 keep=10@10.96.0.10:6379 half=6@10.96.0.10:9000");

    /// <summary>Waits until the long-lived ones are there, and makes the quiet ones look idle for two hours less a minute.</summary>
    internal async Task EstablishAsync(Topology topology, CancellationToken cancel)
    {
        await Eventually.IsTrueAsync(
            () => Alive() == (15, 10, 6), TimeSpan.FromSeconds(30), () => $"legitimate connections: {_generator.Last}", cancel);
        topology.Age(6379, TimeSpan.FromMinutes(119));
    }

    /// <summary>
    /// Quiet and half-closed connections that believe to be alive and whose entry is gone: a table 95 % full evicts TCP that is closing,
    /// assured or not. They break when they are next used, and not by what is done meanwhile.
    /// </summary>
    internal long WithoutEntry(Topology topology)
    {
        var entries = Topology.Inside(topology.Router, "cat", "/proc/net/nf_conntrack").Split('\n').Count(line =>
            line.Contains($"src={From} ", StringComparison.Ordinal)
            && (line.Contains("dport=6379 ", StringComparison.Ordinal) || line.Contains("dport=9000 ", StringComparison.Ordinal)));
        var (_, keep, half) = Alive();
        return Math.Max(0, keep + half - entries);
    }

    /// <summary>Uses the quiet connections: a broken one shows within ten seconds.</summary>
    internal void UseQuietOnes() => _generator.Order();

    internal void MustRun() => _generator.MustRun();

    /// <summary>What was begun and lost from one time to another.</summary>
    internal LossCount Between(DateTimeOffset from, DateTimeOffset to)
    {
        double start = Seconds(from), end = Seconds(to);
        long lost = 0, broken = 0;
        var ticks = new List<(double At, double Begun)>();
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var words in _generator.Lines().Select(line => line.Split(' ')))
        {
            if (words[0] is "tick")
            {
                ticks.Add((Number(words[1]), Number(words[3]) + Number(words[5])));
            }
            else if (Number(words[2]) is var at && at >= start && at < end)
            {
                lost += words[0] == "lost" ? 1 : 0;
                broken += words[0] == "broken" ? 1 : 0;
                var kind = $"{words[0]} {words[1]}";
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
        }

        return new(
            (long)Math.Round(BegunUntil(ticks, end) - BegunUntil(ticks, start)), lost, broken,
            string.Join(", ", kinds.Select(k => $"{k.Value} {k.Key}")));
    }

    /// <summary>Each loss from a time on, with the seconds that passed until it was begun, or broke.</summary>
    internal string LossesSince(DateTimeOffset from)
    {
        var start = Seconds(from);
        return string.Join(
            ", ",
            _generator.Lines().Select(line => line.Split(' ')).Where(words => words[0] is "lost" or "broken" && Number(words[2]) >= start)
                .Select(words => string.Create(
                    CultureInfo.InvariantCulture, $"{words[1]} {words[0]} at {Number(words[2]) - start:0.0} s")));
    }

    public void Dispose() => _generator.Dispose();

    private (long, long, long) Alive() => (_generator.Number("long"), _generator.Number("keep"), _generator.Number("half"));

    // Ticks are a second apart, and beginnings evenly spread between them.
    private static double BegunUntil(List<(double At, double Begun)> ticks, double time)
    {
        var next = ticks.FindIndex(t => t.At > time);
        if (next <= 0)
        {
            return next == 0 || ticks.Count == 0 ? 0 : ticks[^1].Begun;
        }

        var (before, after) = (ticks[next - 1], ticks[next]);
        return before.Begun + ((after.Begun - before.Begun) * (time - before.At) / (after.At - before.At));
    }

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

namespace ConntrackOperator.Incidents.Cases;

/// <summary>An incident, sometimes two, with other addresses, ports and rates, and ordinary loads beside: all chosen by a seed.</summary>
internal static class SeededMix
{
    private static readonly int[] _tunnels = [4789, 8472, 6081, 51820];

    internal static Incident Of(int seed)
    {
        // A fixed generator of its own: the same seed is the same mix on every machine and runtime.
        var random = new SmallRandom(seed);
        var kinds = new List<Func<SmallRandom, double, int, Part>>
        {
            Leak,
            SynAnswered,
            SynSilent,
            Udp,
            Dns,
            Short,
            Honest,
            Tunnel,
            Asymmetric,
            Scan,
            Icmp,
            Quic,
        };
        var first = random.Below(kinds.Count);
        var parts = new List<Part>();
        if (random.Below(10) < 3)
        {
            // Two that add up: honest ones fill what they are given, so only those that grow meet.
            int[] growing = [0, 1, 2, 3, 7, 9, 10];
            var one = random.Below(growing.Length);
            var other = (one + 1 + random.Below(growing.Length - 1)) % growing.Length;
            parts.Add(kinds[growing[one]](random, 0.5, 0));
            parts.Add(kinds[growing[other]](random, 0.5, 1));
        }
        else
        {
            parts.Add(kinds[first](random, 1, 0));
        }

        List<string> traffic = [.. parts.Select(p => p.Traffic)];
        string[] ordinary =
        [
            $"open from=10.81.40.1 sources=40 to=10.96.0.10:80 rate={20 + random.Below(80)} then=close",
            $"open from=10.81.41.1 sources=30 to=10.96.0.10:6379 rate=800 max={200 + random.Below(700)} then=hold",
            $"raw kind=udp from=10.81.42.1 sources=50 to=10.96.0.53 ports=53 rate={10 + random.Below(60)}",
            $"raw kind=icmp from=10.81.43.1 to=10.83.1.1 hosts=50 rate={1 + random.Below(30)}",
        ];
        traffic.AddRange(ordinary.Where(_ => random.Below(2) == 0));
        return new()
        {
            Name = $"mix-{seed}",
            Title = string.Join(" and ", parts.Select(p => p.Truth.Causes[0])),
            Traffic = traffic,
            Limit = 10_000,
            Reaches = 9_900,
            OnlyAdvice = true,
            Truths = [.. parts.Select(p => p.Truth)],
        };
    }

    private static Part Leak(SmallRandom r, double share, int slot)
    {
        var from = $"10.81.{50 + slot}.{1 + r.Below(250)}";
        var most = share < 1 ? " max=5500" : "";
        return new(
            $"open from={from} to=10.96.14.7:5432 rate={(800 + r.Below(1200)) * share:0}{most} then=hold",
            Truth.Of("LeakingClient", from));
    }

    private static Part SynAnswered(SmallRandom r, double share, int slot)
    {
        var from = $"10.82.{50 + slot}.{1 + r.Below(250)}";
        return new(
            $"raw kind=syn from={from} to=10.83.1.{20 + r.Below(50)} ports=8080 rate={(2000 + r.Below(3000)) * share:0}",
            Truth.Of("SynFloodAnswered", from));
    }

    private static Part SynSilent(SmallRandom r, double share, int slot)
    {
        var (from, to, port) = ($"10.82.{60 + slot}.{1 + r.Below(250)}", $"10.83.9.{1 + r.Below(250)}", 1 + r.Below(9999));
        return new(
            $"raw kind=syn from={from} to={to} ports={port} rate={(1500 + r.Below(2500)) * share:0}",
            Truth.Of("SynFloodUnanswered", from, $"{to}:{port}"));
    }

    private static Part Udp(SmallRandom r, double share, int slot)
    {
        var port = 20000 + r.Below(9000);
        return new(
            ($"raw kind=udp from=10.82.{128 + (slot * 32)}.0 sources={2000 + r.Below(6000)} random=1 to=10.83.1.{1 + r.Below(250)} "
                    + $"ports={port} rate={(2500 + r.Below(2500)) * share:0}"),
            Truth.Of("UdpFlood", $"{port}"));
    }

    private static Part Dns(SmallRandom r, double share, int slot) =>
        new(
            ($"raw kind=udp from=10.81.{60 + slot}.1 sources={1 + r.Below(6)} to=10.96.0.53 ports=53 sports=20000-59999 "
                    + $"rate={(1500 + r.Below(2000)) * share:0}"), Truth.Of("DnsStorm", "53"));

    private static Part Short(SmallRandom r, double share, int slot) =>
        new(
            ($"open from=10.81.{70 + slot}.1 sources={3 + r.Below(30)} to=10.96.0.10:80,10.83.1.{1 + r.Below(9)}:8080 "
                    + $"rate={(1000 + r.Below(800)) * share:0} then=close"), Truth.Of("ShortConnections"));

    private static Part Honest(SmallRandom r, double share, int slot) =>
        new(
            ($"open from=10.81.{80 + slot}.1 sources={100 + r.Below(400)} to=10.96.0.10:80,10.83.1.1:8080,10.83.1.2:8080 rate=2000 "
                    + $"max=11000 then=ask every={12 + r.Below(20)}"), Truth.Of("TableTooSmall"));

    private static Part Tunnel(SmallRandom r, double share, int slot)
    {
        var port = _tunnels[r.Below(_tunnels.Length)];
        return new(
            ($"raw kind=udp from=10.81.{90 + slot}.1 sources={1 + r.Below(8)} to=10.83.0.2 ports={port} sports=32768-60999 "
                    + $"rate={(1500 + r.Below(2000)) * share:0} size=120"),
            Truth.Of("OneWayTunnel", $"{port}"));
    }

    private static Part Asymmetric(SmallRandom r, double share, int slot) =>
        new(
            ($"open from=10.85.{1 + slot}.1 sources={5 + r.Below(60)} to=10.83.1.30:8080 rate={(1000 + r.Below(800)) * share:0} "
                    + "patience=3 then=ask every=3"), Truth.Of("AsymmetricRouting"));

    private static Part Scan(SmallRandom r, double share, int slot)
    {
        var from = $"10.82.{70 + slot}.{1 + r.Below(250)}";
        return new(
            ($"raw kind=syn from={from} to=10.83.9.1 hosts={20 + r.Below(230)} ports=1-{500 + r.Below(5000)} sports=40000 "
                    + $"rate={(1500 + r.Below(2000)) * share:0}"), Truth.Of("Scan", from));
    }

    private static Part Icmp(SmallRandom r, double share, int slot)
    {
        var from = $"10.82.{80 + slot}.{1 + r.Below(250)}";
        return new(
            $"raw kind=icmp from={from} to=10.83.0.2 sports=0-65535 rate={(2000 + r.Below(2000)) * share:0}",
            Truth.Of("IcmpFlood", from));
    }

    private static Part Quic(SmallRandom r, double share, int slot) =>
        new(
            ($"raw kind=udp from=10.81.{100 + slot}.0 sources=1000 to=10.83.0.2 ports=443 sports=5000-{5010 + r.Below(5)} rate=4000 "
                    + "size=400"), Truth.Of("TableTooSmall"));

    private sealed record Part(string Traffic, Truth Truth);
}

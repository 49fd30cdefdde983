using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>
/// What entries take of the kernel's memory, as /proc/slabinfo counts it for the whole machine. Real datagrams make them: entries made
/// through ctnetlink always have extensions (net/netfilter/nf_conntrack_netlink.c, ctnetlink_create_conntrack).
/// </summary>
public static class EntryMemory
{
    private const int Port = 9;

    private static readonly TimeSpan _calm = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    /// <summary>Why it can't be measured here, or null when it can.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>The cases of interest, by name.</summary>
    public static IReadOnlyList<EntryMemoryCase> Cases { get; } =
    [
        new("plain", "", null, Extensions: false),
        new("NAT: SNAT", Nat("snat to 192.0.2.1"), null, Extensions: false),
        new("NAT: masquerade", Nat("masquerade"), null, Extensions: true),
        new("accounting", "", "nf_conntrack_acct", Extensions: true),
        new("events", "", "nf_conntrack_events", Extensions: true),
        new("timestamps", "", "nf_conntrack_timestamp", Extensions: true),
        new("masquerade and accounting", Nat("masquerade"), "nf_conntrack_acct", Extensions: true),
    ];

    /// <summary>Prepares a namespace for a case: <see cref="Measure"/> then makes entries of its kind.</summary>
    public static void Prepare(NetworkNamespace space, EntryMemoryCase @case)
    {
        space.TrackLoopback();
        // Masquerading takes an address that is not the host's alone. The datagrams end at the input: nobody answers with an error.
        space.Execute("ip", "addr add 192.0.2.1/32 dev lo");
        var rules = $"table inet ends {{ chain in {{ type filter hook input priority 0; udp dport {Port} drop; }}; }}\n{@case.Rules}";
        space.Execute("nft", "-f -", rules);
        space.Run(() =>
        {
            Set("nf_conntrack_udp_timeout", 3600);
            if (@case.Key is { } key)
            {
                Set(key, 1);
            }
        });
    }

    /// <summary>Makes entries, each by a datagram, and reads what the caches grew by; waits first until no others come or go.</summary>
    public static EntryMemoryFigures Measure(NetworkNamespace space, int entries)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries, 1 << 23);
        return space.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var before = Calm();
            for (var i = 1; i <= entries; i++)
            {
                socket.SendTo([1], new IPEndPoint(new IPAddress([127, (byte)(1 + (i >> 16)), (byte)(i >> 8), (byte)i]), Port));
            }

            var after = Caches();
            var made = long.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture);
            return new EntryMemoryFigures(
                made, after.Objects - before.Objects, after.EntryBytes - before.EntryBytes, after.OtherBytes - before.OtherBytes);
        });
    }

    // Entries of a namespace that is gone are freed by the kernel in its own time.
    private static Usage Calm()
    {
        var end = Environment.TickCount64 + (long)_patience.TotalMilliseconds;
        for (var last = Caches(); ;)
        {
            Thread.Sleep(_calm);
            var now = Caches();
            if (Math.Abs(now.Objects - last.Objects) < 100 || Environment.TickCount64 > end)
            {
                return now;
            }

            last = now;
        }
    }

    private static string Nat(string what) =>
        $"table ip nat {{ chain out {{ type nat hook postrouting priority 100; udp dport {Port} {what}; }}; }}";

    private static void Set(string key, int value) =>
        File.WriteAllText("/proc/sys/net/netfilter/" + key, value.ToString(CultureInfo.InvariantCulture));

    private static string? FindMissing()
    {
        try
        {
            return Caches() is { Objects: > 0, OtherBytes: > 0 } ? null : "/proc/slabinfo does not show nf_conntrack and kmalloc-128.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"/proc/slabinfo can't be read: {e.Message}";
        }
    }

    private static Usage Caches()
    {
        var usage = default(Usage);
        foreach (var line in File.ReadLines("/proc/slabinfo"))
        {
            // name, active objects, objects, bytes an object, objects a slab, pages a slab (man 5 slabinfo)
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[0] == "nf_conntrack")
            {
                usage = usage with { Objects = Number(fields[1]), EntryBytes = Bytes(fields) };
            }
            else if (IsForExtensions(fields[0]))
            {
                usage = usage with { OtherBytes = usage.OtherBytes + Bytes(fields) };
            }
        }

        return usage;
    }

    // Kernels have several caches of each size (kmalloc-128, kmalloc-cg-128, kmalloc-rnd-01-128). Those next to 128 show extensions of
    // another size than is believed.
    private static bool IsForExtensions(string cache) =>
        cache.StartsWith("kmalloc-", StringComparison.Ordinal) && cache[(cache.LastIndexOf('-') + 1)..] is "64" or "96" or "128" or "192";

    // Objects in use, each with its share of the slab's pages.
    private static long Bytes(string[] fields) => Number(fields[1]) * Number(fields[5]) * Environment.SystemPageSize / Number(fields[4]);

    private static long Number(string field) => long.Parse(field, NumberStyles.None, CultureInfo.InvariantCulture);

    private readonly record struct Usage(long Objects, long EntryBytes, long OtherBytes);
}

using System.Globalization;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>
/// Reads from this machine what the rules look at, as a cluster of one node. Writes nothing, and needs no permission for most of it.
/// </summary>
internal static class HostGathering
{
    // Where procfs has it; no sysctl of connection tracking.
    private const string Keepalive = "/sys/net/ipv4/tcp_keepalive_time";

    public static DoctorFacts Read(EngineOptions options, TimeProvider time)
    {
        using var engine = NodeEngine.OpenReadOnly(options, time);
        var reading = engine.Observe();
        var actual = new Dictionary<string, long>(StringComparer.Ordinal);
        var denied = new List<string>();
        foreach (var name in engine.Sysctls.List())
        {
            var result = engine.Sysctls.Read(name);
            if (result.Value is { } value)
            {
                actual[name] = value;
            }
            else if (result.Status != SysctlStatus.NotSupported)
            {
                denied.Add(name);
            }
        }

        var module = engine.Sysctls.ModuleLoaded ? ModulePresence.Loaded
            : TrackingModule.IsSeen(options.ProcPath, options.SysPath) ? ModulePresence.Unknown : ModulePresence.Missing;
        var unread = denied.Select(name => new Unread(name, "it may not be read"))
            .Concat(engine.Problems.Select(problem => new Unread($"what was set before, in {options.StatePath}", problem)));
        var planned = NodeGathering.Planned(engine.Plan?.Spec);
        var node = new NodeView
        {
            Name = engine.Facts.HostName,
            Cores = engine.Facts.Cores,
            MemoryBytes = engine.Facts.MemoryBytes,
            Kernel = engine.Facts.Kernel,
            Planned = planned,
            Actual = actual,
            Entries = reading.Entries,
            ChainTooLong = (long)(reading.Counters?.ChainTooLong ?? 0),
            Module = module,
            Selected = planned.Count > 0,
            KeepaliveSeconds = ReadKeepalive(options.ProcPath + Keepalive),
        };
        var culprits = new OverwriteSourceFinder(options.HostRoot, options.ProcPath);
        return new DoctorFacts
        {
            OneMachine = true,
            ProgramVersion = EngineVersion.Text,
            Nodes = [node],
            Proxies = new ProxyProcess(options.ProcPath).Find(),
            Writers = [.. actual.Keys.Concat(planned.Keys).Distinct().Order(StringComparer.Ordinal)
                .SelectMany(name => culprits.AtBoot(name).Select(s => new SysctlWriter(s.Who, name, s.Value, s.Remedy)))],
            Unread = [.. module == ModulePresence.Unknown
                ? unread.Prepend(new Unread("the settings of connection tracking", Enforcer.KeysNotSeenMessage)) : unread],
            Now = time.GetUtcNow(),
        };
    }

    private static long? ReadKeepalive(string path)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? seconds : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }
}

using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests;

/// <summary>A machine made of files: /proc with a boot id, the directory of the sysctls, a state directory; and its engine.</summary>
internal sealed class Machine : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private NodeEngine? _engine;

    internal Machine()
    {
        Directory.CreateDirectory(Path.Combine(Proc, "sys/kernel/random"));
        Directory.CreateDirectory(Path.Combine(Proc, "thread-self/ns"));
        File.CreateSymbolicLink(Path.Combine(Proc, "thread-self/ns/net"), "net:[4026531840]");
        Boot("boot-1");
        Directory.CreateDirectory(Keys);
        LoadModule();
    }

    /// <summary>What a key holds when the module is loaded.</summary>
    internal static IReadOnlyDictionary<string, long> Defaults { get; } = new Dictionary<string, long>
    {
        [SysctlNames.Max] = 262144,
        [SysctlNames.Buckets] = 262144,
        [SysctlNames.Count] = 0,
        [SysctlNames.Accounting] = 0,
        [SysctlNames.TcpTimeoutEstablished] = 432000,
        [SysctlNames.TcpTimeoutTimeWait] = 120,
        [SysctlNames.UdpTimeout] = 30,
        [SysctlNames.Fragment6HighThreshold] = 4194304,
        [SysctlNames.Fragment6LowThreshold] = 3145728,
    };

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));

    internal string Proc => Path.Combine(_root.FullName, "proc");

    internal string Keys => Path.Combine(_root.FullName, "keys");

    internal string State => Path.Combine(_root.FullName, "state");

    internal string Host => Path.Combine(_root.FullName, "host");

    internal string OriginalsFile => Path.Combine(State, "originals.json");

    internal string PlanFile => Path.Combine(State, "plan.json");

    internal EngineOptions Options => new()
    {
        SysctlPath = Keys,
        ProcPath = Proc,
        SysPath = Path.Combine(_root.FullName, "sys"),
        HostRoot = Host,
        StatePath = State,

        // What is really in the table of the machine under the tests is no matter of theirs, and would be reported at some moment.
        ScanInterval = null,
        Enforcer = Patience,
        StatusWillCome = StatusWillCome,
    };

    internal bool StatusWillCome { get; init; }

    internal EnforcerOptions Patience { get; init; } = new();

    /// <summary>The engine, started when it is first asked for.</summary>
    internal NodeEngine Engine => _engine ??= new NodeEngine(Options, Time);

    internal long this[string key]
    {
        get => long.Parse(File.ReadAllText(Path.Combine(Keys, key)), CultureInfo.InvariantCulture);
        set => File.WriteAllText(Path.Combine(Keys, key), value.ToString(CultureInfo.InvariantCulture) + "\n");
    }

    internal void Boot(string id) => File.WriteAllText(Path.Combine(Proc, "sys/kernel/random/boot_id"), id + "\n");

    internal void LoadModule()
    {
        foreach (var (key, value) in Defaults)
        {
            this[key] = value;
        }
    }

    internal void UnloadModule()
    {
        foreach (var file in Directory.GetFiles(Keys))
        {
            File.Delete(file);
        }
    }

    /// <summary>Puts another file in a key's place: one of /proc that refuses in the way that the test needs.</summary>
    internal void Link(string key, string target)
    {
        File.Delete(Path.Combine(Keys, key));
        File.CreateSymbolicLink(Path.Combine(Keys, key), target);
    }

    /// <summary>The agent ends, for whatever reason; the next use starts another one.</summary>
    internal void Restart()
    {
        _engine?.Dispose();
        _engine = null;
    }

    /// <summary>Root writes everywhere, but nobody writes a directory as a file.</summary>
    internal void BreakDisk(string file) => Directory.CreateDirectory(file + ".new");

    internal void MendDisk(string file) => Directory.Delete(file + ".new");

    internal bool Apply(params NodeSetting[] settings)
    {
        Engine.SetPlan(Plans.Of(settings));
        return Engine.Enforce();
    }

    internal SettingStatus Status(string key) => Statuses().Single(s => s.Name == key);

    internal List<SettingStatus> Statuses() => Report().Settings!;

    internal NodeStatus Report() => Engine.Status(Engine.Observe(), null);

    internal string Condition(string type) => Report().Conditions!.Single(c => c.Type == type) is var c ? $"{c.Status} {c.Reason}" : "";

    /// <summary>What the disk says of a key's original, as the next start would read it.</summary>
    internal long? KeptOriginal(string key)
    {
        using var look = NodeEngine.OpenReadOnly(Options, Time);
        return look.Originals.Find(key);
    }

    public void Dispose()
    {
        _engine?.Dispose();
        _root.Delete(recursive: true);
    }
}

using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.TestKit.Machines;

/// <summary>A machine made of files: /proc with a boot id, the directory of the sysctls, a state directory; and its engine.</summary>
public sealed class Machine : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private NodeEngine? _engine;

    public Machine()
    {
        Directory.CreateDirectory(Path.Combine(Proc, "sys/kernel/random"));
        Directory.CreateDirectory(Path.Combine(Proc, "thread-self/ns"));
        File.CreateSymbolicLink(Path.Combine(Proc, "thread-self/ns/net"), "net:[4026531840]");
        Boot("boot-1");
        Directory.CreateDirectory(Keys);
        LoadModule();
    }

    /// <summary>What a key holds when the module is loaded.</summary>
    public static IReadOnlyDictionary<string, long> Defaults { get; } = new Dictionary<string, long>
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

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));

    public string Proc => Path.Combine(_root.FullName, "proc");

    public string Keys => Path.Combine(_root.FullName, "keys");

    public string State => Path.Combine(_root.FullName, "state");

    public string Host => Path.Combine(_root.FullName, "host");

    public string OriginalsFile => Path.Combine(State, "originals.json");

    public string PlanFile => Path.Combine(State, "plan.json");

    public EngineOptions Options => new()
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

    public bool StatusWillCome { get; init; }

    public EnforcerOptions Patience { get; init; } = new();

    /// <summary>The engine, started when it is first asked for.</summary>
    public NodeEngine Engine => _engine ??= new NodeEngine(Options, Time);

    public long this[string key]
    {
        get => long.Parse(File.ReadAllText(Path.Combine(Keys, key)), CultureInfo.InvariantCulture);
        set => File.WriteAllText(Path.Combine(Keys, key), value.ToString(CultureInfo.InvariantCulture) + "\n");
    }

    public void Boot(string id) => File.WriteAllText(Path.Combine(Proc, "sys/kernel/random/boot_id"), id + "\n");

    public void LoadModule()
    {
        foreach (var (key, value) in Defaults)
        {
            this[key] = value;
        }
    }

    public void UnloadModule()
    {
        foreach (var file in Directory.GetFiles(Keys))
        {
            File.Delete(file);
        }
    }

    /// <summary>Puts another file in a key's place: one of /proc that refuses in the way that the test needs.</summary>
    public void Link(string key, string target)
    {
        File.Delete(Path.Combine(Keys, key));
        File.CreateSymbolicLink(Path.Combine(Keys, key), target);
    }

    /// <summary>The agent ends, for whatever reason; the next use starts another one.</summary>
    public void Restart()
    {
        _engine?.Dispose();
        _engine = null;
    }

    /// <summary>Root writes everywhere, but nobody writes a directory as a file.</summary>
    public void BreakDisk(string file) => Directory.CreateDirectory(file + ".new");

    public void MendDisk(string file) => Directory.Delete(file + ".new");

    public bool Apply(params NodeSetting[] settings)
    {
        Engine.SetPlan(Plans.Of(settings));
        return Engine.Enforce();
    }

    /// <summary>An agent without a status before it applies a plan, reports and ends.</summary>
    public NodeStatus ApplyReportAndEnd(params NodeSetting[] settings)
    {
        Engine.Adopt(null);
        Apply(settings);
        var reported = Report();
        Restart();
        return reported;
    }

    public SettingStatus Status(string key) => Statuses().Single(s => s.Name == key);

    public List<SettingStatus> Statuses() => Report().Settings!;

    public NodeStatus Report() => Engine.Status(Engine.Observe(), null);

    public string Condition(string type) => Report().Conditions!.Single(c => c.Type == type) is var c ? $"{c.Status} {c.Reason}" : "";

    /// <summary>What the disk says of a key's original, as the next start would read it.</summary>
    public long? KeptOriginal(string key)
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

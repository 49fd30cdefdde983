using System.Globalization;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Sysctls;
using CsCheck;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests;

/// <summary>
/// Random lives of a machine against a model that knows nothing of how the engine works: it only looks at what a pass wrote.
/// The first value that a pass replaced is the key's original, until it is put back, left for good, or the machine boots.
/// </summary>
public sealed class ModelTests
{
    private static readonly string[] _keys =
        [SysctlNames.Max, SysctlNames.Buckets, SysctlNames.Accounting, SysctlNames.UdpTimeout, SysctlNames.Fragment6LowThreshold];

    private static readonly Gen<long> _values = OneOf(512L, 1024L, 65536L, 131072L, 262144L, 524288L, 1048576L);

    private static readonly Gen<NodeSetting> _setting = Gen.Select(
        OneOf(_keys), _values, Gen.Int[0, 9], Gen.Bool, (key, value, mode, keep) =>
        Set(
            key, value, keep ? RemovalPolicy.Keep : RemovalPolicy.Restore, mode == 0 ? PolicyMode.Observe : PolicyMode.Enforce,
            atLeast: key == SysctlNames.Buckets && mode < 5));

    private static readonly Gen<Act> _act = Gen.Frequency(
        (4, _setting.Array[0, 5].Select(settings => (Act)new NewPlan(settings.DistinctBy(s => s.Name).ToArray()))),
        (6, Gen.Int[0, 120].Select(seconds => (Act)new Pass(seconds))),
        (3, Gen.Select(OneOf(_keys), _values, (key, value) => (Act)new Drift(key, value))),
        (1, Gen.Int[0, 1100000].Select(entries => (Act)new Drift(SysctlNames.Count, entries))),
        (2, Gen.Const((Act)new Restart())),
        (1, _values.Select(value => (Act)new Reboot(value))),
        (1, Gen.Const((Act)new ModuleReload())),
        (1, Gen.Bool.Select(broken => (Act)new Disk(broken))));

    [Fact]
    public void Whatever_happens_an_empty_plan_finally_puts_back_what_was_there_before_the_first_write_since_boot() =>
        _act.Array[1, 40].Sample(Live, iter: 2000, print: acts => string.Join("\n", (object[])acts));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static void Live(Act[] acts)
    {
        using var machine = new Machine();
        var model = new Model(machine);
        foreach (var act in acts)
        {
            switch (act)
            {
                case NewPlan plan:
                    model.SetPlan(plan.Settings);
                    break;
                case Pass pass:
                    machine.Time.Advance(TimeSpan.FromSeconds(pass.Seconds));
                    model.Pass();
                    break;
                case Drift drift:
                    machine[drift.Key] = drift.Value;
                    break;
                case Restart:
                    machine.Restart();
                    break;
                case Reboot boot:
                    model.Reboot(boot.UdpTimeout);
                    break;
                case ModuleReload:
                    machine.LoadModule();
                    break;
                case Disk disk:
                    model.Break(disk.Broken);
                    break;
            }
        }

        model.Break(false);
        machine[SysctlNames.Count] = 0;
        model.SetPlan([]);
        for (var i = 0; i < 4; i++)
        {
            machine.Time.Advance(TimeSpan.FromMinutes(6));
            model.Pass();
        }

        Assert.True(machine.Engine.AllRestored);
        Assert.Empty(machine.Statuses());
        Assert.Empty(model.Originals);
    }

    private sealed class Model(Machine machine)
    {
        private readonly Dictionary<string, NodeSetting> _enforced = [];
        private Dictionary<string, NodeSetting>? _plan;
        private Dictionary<string, NodeSetting>? _lastPassed;
        private int _boots;
        private bool _broken;

        public Dictionary<string, long> Originals { get; } = [];

        public void SetPlan(NodeSetting[] settings)
        {
            machine.Engine.SetPlan(Of(settings));
            _plan = settings.ToDictionary(s => s.Name!);
        }

        public void Break(bool broken)
        {
            _ = machine.Engine;
            if (broken && !_broken)
            {
                machine.BreakDisk(machine.OriginalsFile);
            }
            else if (!broken && _broken)
            {
                machine.MendDisk(machine.OriginalsFile);
            }

            _broken = broken;
        }

        public void Reboot(long udpTimeout)
        {
            machine.Restart();
            machine.Boot(string.Create(CultureInfo.InvariantCulture, $"boot-{++_boots + 1}"));
            machine.LoadModule();
            machine[SysctlNames.UdpTimeout] = udpTimeout;
            Originals.Clear();
            _enforced.Clear();
        }

        public void Pass()
        {
            var before = _keys.ToDictionary(k => k, k => machine[k]);
            try
            {
                machine.Engine.Enforce();
            }
            catch (IOException)
            {
                Assert.True(_broken);
                foreach (var key in _keys.Where(key => machine[key] != before[key]))
                {
                    Assert.True(Originals.TryGetValue(key, out var original), $"{key} was written though its original could not be kept");
                    Assert.Equal(_plan!.TryGetValue(key, out var setting) ? setting.Value : original, machine[key]);
                }

                return;
            }

            var plan = _plan;
            if (plan is null)
            {
                Assert.All(_keys, key => Assert.Equal(before[key], machine[key]));
                return;
            }

            if (!ReferenceEquals(_lastPassed, plan))
            {
                Replanned(plan);
                _lastPassed = plan;
            }

            foreach (var key in _keys)
            {
                Check(key, before[key], machine[key], plan.GetValueOrDefault(key));
            }
        }

        /// <summary>What left the plan and was to be kept is nobody's to put back any more.</summary>
        private void Replanned(Dictionary<string, NodeSetting> plan)
        {
            foreach (var key in Originals.Keys.ToArray())
            {
                if (plan.TryGetValue(key, out var setting))
                {
                    if (setting.Mode == PolicyMode.Enforce)
                    {
                        _enforced[key] = setting;
                    }
                }
                else if (_enforced[key].OnRemoval == RemovalPolicy.Keep)
                {
                    Originals.Remove(key);
                }
            }
        }

        private void Check(string key, long before, long now, NodeSetting? setting)
        {
            if (setting is { Mode: PolicyMode.Observe })
            {
                Assert.True(before == now, $"{key} was only to be observed and went from {before} to {now}");
            }
            else if (setting is not null)
            {
                if (now != before)
                {
                    Assert.Equal(setting.Value, now);
                    Originals.TryAdd(key, before);
                    _enforced[key] = setting;
                }

                var kept = machine.Engine.Originals.Find(key);
                Assert.True(
                    kept == (Originals.TryGetValue(key, out var original) ? original : null),
                    $"{key}: the engine's original is {kept}, the model's {original}");
            }
            else if (Originals.TryGetValue(key, out var original))
            {
                Assert.True(now == before || now == original, $"{key} was put back to {now} instead of {original}");
                if (now == original)
                {
                    Originals.Remove(key);
                }
            }
            else
            {
                Assert.True(before == now, $"{key} is in no plan and went from {before} to {now}");
            }
        }
    }

    private abstract record Act;

    private sealed record NewPlan(NodeSetting[] Settings) : Act
    {
        public override string ToString() =>
            $"plan {string.Join(", ", Settings.Select(s => $"{s.Name}={s.Value} {s.Mode} {s.OnRemoval} {s.AtLeast}"))}";
    }

    private sealed record Pass(int Seconds) : Act;

    private sealed record Drift(string Key, long Value) : Act;

    private sealed record Restart : Act;

    private sealed record Reboot(long UdpTimeout) : Act;

    private sealed record ModuleReload : Act;

    private sealed record Disk(bool Broken) : Act;
}

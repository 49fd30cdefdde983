using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host watch</c>: enforces until it is interrupted, a line for each change.</summary>
internal static class HostWatch
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(EngineOptions options, IReadOnlyList<string> files, TimeProvider time, CancellationToken cancel)
    {
        var policies = files.Count == 0 ? null : PolicyFile.ReadAll(files);
        HostPermission.Require(options);
        using var engine = new NodeEngine(options, time);
        HostApply.Problems(engine);
        if (policies is not null)
        {
            var plan = HostPlan.Make(engine.Facts, policies);
            HostReport.Conflicts(plan);
            HostApply.Try(() => engine.SetPlan(new CachedPlan { Spec = plan.Spec }));
        }
        else if (engine.Plan is null)
        {
            throw new CliException(ExitCode.BadInput, $"no plan is kept in {options.StatePath}: give one with -f");
        }

        var changes = new WatchLog(time);
        changes.Say($"watching {engine.Plan!.Spec?.Settings?.Count ?? 0} settings in {options.SysctlPath}");
        foreach (var refused in engine.Plan.Spec?.Refused ?? [])
        {
            changes.Say($"{refused.Name} is refused ({refused.Reason}): {refused.Message}");
        }

        using var timer = new PeriodicTimer(_interval, time);
        try
        {
            do
            {
                string? problem = null;
                try
                {
                    engine.Enforce();
                }
                catch (IOException e)
                {
                    problem = $"the state directory can't be written: {e.Message}";
                }

                var reading = engine.Observe();
                changes.Tell(engine.Status(reading, null), reading, problem);
            }
            while (await timer.WaitForNextTickAsync(cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Asked to end: the settings stay, and so does the plan.
        }

        changes.Say("ended; the settings stay, `host restore` puts back what was there before");
        return ExitCode.InSync;
    }

    /// <summary>Says what is different from the time before.</summary>
    private sealed class WatchLog(TimeProvider time)
    {
        private readonly Dictionary<string, SettingStatus> _settings = new(StringComparer.Ordinal);
        private string? _pressure;
        private string? _problem;
        private bool? _module;
        private ConntrackCounters? _counters;
        private bool _toldRemedy;

        public void Say(string line) =>
            Console.Out.WriteLine($"{time.GetLocalNow().ToString("yyyy-MM-dd'T'HH:mm:sszzz")} {line}");

        public void Tell(NodeStatus status, in TableReading reading, string? problem)
        {
            if (problem is not null && problem != _problem)
            {
                Say(problem);
            }

            _problem = problem;
            TellModule(status);
            TellSettings(status.Settings ?? []);
            TellTable(status, reading);
        }

        private void TellModule(NodeStatus status)
        {
            var applied = status.Conditions!.First(c => c.Type == ConditionTypes.Applied);
            var module = applied.Reason != ConditionReasons.ModuleNotLoaded;
            if (_module != module && (!module || _module is not null))
            {
                Say(module ? "the nf_conntrack module is loaded" : applied.Message!);
            }

            _module = module;
        }

        private void TellSettings(List<SettingStatus> settings)
        {
            foreach (var now in settings)
            {
                var before = _settings.GetValueOrDefault(now.Name!);
                _settings[now.Name!] = now;
                if (_module == false || (before is not null && before with { Message = null } == now with { Message = null }))
                {
                    continue;
                }

                var drift = now.Rewrites > (before?.Rewrites ?? 0) ? " (something else had set it; put back)" : string.Empty;
                var why = now.State is SettingState.InSync || now.Message is null ? string.Empty : ": " + now.Message;
                Say($"{now.Name} {Value(now.Actual)} {now.State}{drift}{why}");
            }

            foreach (var gone in _settings.Keys.Except(settings.Select(s => s.Name!)).ToArray())
            {
                Say($"{gone} is put back");
                _settings.Remove(gone);
            }
        }

        private void TellTable(NodeStatus status, in TableReading reading)
        {
            var pressure = status.Conditions!.First(c => c.Type == ConditionTypes.Pressure);
            if (pressure.Reason != _pressure && (_pressure is not null || pressure.Reason != nameof(PressureLevel.Normal)))
            {
                Say($"pressure {pressure.Reason}: {pressure.Message}");
            }

            _pressure = pressure.Reason;
            if (reading.Counters is { } counters)
            {
                TellLost(_counters, counters);
                _counters = counters;
            }
        }

        private void TellLost(ConntrackCounters? before, ConntrackCounters now)
        {
            if (now.TableFullDrops > before?.TableFullDrops)
            {
                Say($"{now.TableFullDrops - before.TableFullDrops} packets dropped for want of an entry");
            }

            if (now.OtherDrops > before?.OtherDrops)
            {
                Say($"{now.OtherDrops - before.OtherDrops} packets dropped although the table had room");
            }

            if (now.RacesLost > before?.RacesLost)
            {
                Say($"{now.RacesLost - before.RacesLost} packets lost in races at insertion"
                    + (_toldRemedy ? string.Empty : ": " + PacketLoss.RaceRemedy));
                _toldRemedy = true;
            }
        }

        private static string Value(long? value) => value?.ToString() ?? "-";
    }
}

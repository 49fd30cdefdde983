using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>
/// The keys that a plan sets, and those that left it and are being put back, with what is known of each. Not thread-safe.
/// </summary>
/// <param name="originals">What each key held before.</param>
internal sealed class TrackedSettings(OriginalsStore originals)
{
    private readonly Dictionary<string, SettingTracker> _trackers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _kept = new(StringComparer.Ordinal);
    private bool _listChanged;

    /// <summary>Whether some are being put back.</summary>
    public bool Restoring { get; private set; }

    /// <summary>All of them, in no order.</summary>
    public Dictionary<string, SettingTracker>.ValueCollection All => _trackers.Values;

    /// <summary>Whether nothing is left to be put back.</summary>
    public bool AllRestored => originals.Names.All(name =>
        _trackers.TryGetValue(name, out var tracker) ? !tracker.Restoring : originals.IsByHand(name));

    /// <inheritdoc cref="Enforcer.Kept"/>
    public IReadOnlyDictionary<string, long> Kept => _kept;

    /// <summary>One of them; null: neither planned nor being put back.</summary>
    /// <param name="name">The key.</param>
    public SettingTracker? Find(string name) => _trackers.GetValueOrDefault(name);

    /// <summary>Takes over a plan, and notes with the originals what shall become of them; the caller saves those.</summary>
    /// <param name="plan">The plan. An empty one puts everything back.</param>
    public void Plan(NodeSpec plan)
    {
        var settings = new Dictionary<string, NodeSetting>(StringComparer.Ordinal);
        foreach (var setting in plan.Settings ?? [])
        {
            // A file that somebody edited may hold what the API server would not let through.
            if (setting is { Name: { } name, Value: >= 0 })
            {
                settings[name] = setting;
            }
        }

        var position = 0;
        foreach (var setting in settings.Values)
        {
            _kept.Remove(setting.Name!);
            Tracker(setting.Name!).Plan(
                setting, setting.Name == SysctlNames.Buckets ? Buckets.Round(setting.Value!.Value) : setting.Value!.Value, position++);
            if (setting.Mode != PolicyMode.Observe && originals.Find(setting.Name!) is { } original)
            {
                // What shall become of it may have changed with the plan.
                originals.Note(setting.Name!, original, setting.OnRemoval ?? RemovalPolicy.Restore, setting.Policy);
            }
        }

        foreach (var name in originals.Names.Where(n => !settings.ContainsKey(n)).ToArray())
        {
            if (originals.Get(name) is { OnRemoval: RemovalPolicy.Restore } original)
            {
                Tracker(name).Plan(null, original.Value, int.MaxValue);
                Restoring = true;
            }
            else if (!originals.IsByHand(name))
            {
                _kept[name] = originals.Find(name)!.Value;
                originals.Forget(name);
            }
        }

        foreach (var name in _trackers.Keys
            .Where(n => !settings.ContainsKey(n) && (originals.Find(n) is null || originals.IsByHand(n))).ToArray())
        {
            _listChanged |= _trackers.Remove(name);
        }
    }

    /// <summary>A key that holds its original again, or that this kernel has not got, is done, and dropped.</summary>
    /// <param name="save">Saves the originals; false: it could not.</param>
    public void DropRestored(Func<bool> save)
    {
        var done = _trackers.Values.Where(t => t is { Restoring: true, State: SettingState.InSync or SettingState.NotSupported }).ToArray();
        foreach (var tracker in done)
        {
            originals.Forget(tracker.Name);
        }

        // A key is dropped only when the disk has forgotten it too; until then each pass tries again.
        if (!save())
        {
            return;
        }

        foreach (var tracker in done)
        {
            _listChanged |= _trackers.Remove(tracker.Name);
        }

        Restoring = _trackers.Values.Any(t => t.Restoring);
    }

    /// <summary>Whether something changed that a report would show, since this was last asked.</summary>
    public bool TakeChanged()
    {
        var changed = _listChanged;
        _listChanged = false;
        foreach (var tracker in _trackers.Values)
        {
            changed |= tracker.Changed;
            tracker.Changed = false;
        }

        return changed;
    }

    /// <summary>How each setting stands, in the plan's order, then what is still to be put back.</summary>
    public List<SettingStatus> Statuses() =>
        [.. _trackers.Values.OrderBy(t => t.Position).ThenBy(t => t.Name, StringComparer.Ordinal).Select(t => new SettingStatus
        {
            Name = t.Name,
            Desired = t.Setting?.Value,
            Actual = t.Actual,
            Original = originals.Find(t.Name),
            Policy = t.Setting?.Policy ?? originals.Get(t.Name)?.Policy,
            State = t.State,
            Message = t.Message,
            Rewrites = t.Rewrites == 0 ? null : t.Rewrites,
        })];

    private SettingTracker Tracker(string name)
    {
        if (!_trackers.TryGetValue(name, out var tracker))
        {
            _trackers.Add(name, tracker = new SettingTracker(name));
        }

        return tracker;
    }
}

using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>
/// Brings the kernel to a plan and keeps it there, a pass at a time: reads every planned key, writes those that differ, reads
/// them back, puts back what left the plan. A pass with nothing to do costs one read a key. Not thread-safe.
/// </summary>
public sealed class Enforcer
{
    /// <summary>What a person reads while the kernel's module is not there.</summary>
    public const string ModuleNotLoadedMessage =
        "the nf_conntrack module is not loaded, so this kernel tracks nothing yet; the settings are applied the moment it is. To load it "
            + "now: modprobe nf_conntrack";

    /// <summary>What a person reads where the module is there and its keys are not to be seen.</summary>
    public const string KeysNotSeenMessage =
        "nf_conntrack is in this kernel, but its settings are not to be seen from here, as in a container: set them on the host itself, "
            + "or mount the host's /proc/sys/net/netfilter and name it";

    private const string AwaitsStatusMessage =
        "not written yet: the file of what was there before is gone, and the node's status in the API server, which may know it, has "
            + "not been read yet";

    private readonly SysctlDirectory _sysctls;
    private readonly OriginalsStore _originals;
    private readonly ResizeHistory _resizes;
    private readonly Func<bool> _moduleSeen;
    private readonly TimeProvider _time;
    private readonly EnforcerOptions _options;
    private readonly SettingInspector _inspector;
    private readonly TrackedSettings _settings;
    private readonly List<SettingTracker> _due = [];
    private NodeSpec? _planned;
    private IOException? _unkept;

    /// <summary>Sets the keys of one directory.</summary>
    /// <param name="sysctls">Where the keys are.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="originals">Where originals are kept.</param>
    /// <param name="resizes">When the hash table was resized.</param>
    /// <param name="moduleSeen">Whether the module is there though its keys are not.</param>
    /// <param name="time">For waits, by its monotonic clock.</param>
    /// <param name="culprits">Who may overwrite a key.</param>
    /// <param name="options">How patient to be.</param>
    internal Enforcer(
        SysctlDirectory sysctls, string procPath, OriginalsStore originals, ResizeHistory resizes, Func<bool> moduleSeen,
        TimeProvider time, IOverwriteSourceFinder culprits, EnforcerOptions options)
    {
        _moduleSeen = moduleSeen;
        _sysctls = sysctls;
        _originals = originals;
        _settings = new TrackedSettings(originals);
        _resizes = resizes;
        _time = time;
        _options = options;
        _inspector = new SettingInspector(sysctls, procPath, resizes, time, culprits, _options);
    }

    /// <summary>Whether the kernel's module was there at the last pass, its keys seen or not.</summary>
    public bool ModuleLoaded { get; private set; }

    /// <summary>Whether nothing is left to be put back.</summary>
    public bool AllRestored => _settings.AllRestored;

    /// <summary>
    /// Keys that left the plan and were left as they are, since their policy said onDelete: Keep, with what they held before the first
    /// write: since this process began, until they are planned again.
    /// </summary>
    public IReadOnlyDictionary<string, long> Kept => _settings.Kept;

    /// <summary>Called before the hash table is resized, and may hold it up for a moment.</summary>
    internal Action BeforeResize { get; set; } = () => { };

    /// <summary>One pass.</summary>
    /// <param name="plan">The plan; null: none is known yet, so nothing is touched. An empty plan puts everything back.</param>
    /// <returns>Whether something changed that a report would show.</returns>
    /// <exception cref="IOException">
    /// The originals can't be kept: no key was written whose original is not on the disk. All others were, drift among them.
    /// </exception>
    public bool Pass(NodeSpec? plan)
    {
        if (plan is null)
        {
            return false;
        }

        var seen = _sysctls.ModuleLoaded;
        ModuleLoaded = seen || _moduleSeen();
        _unkept = null;
        _originals.CheckFile();
        if (!ReferenceEquals(plan, _planned))
        {
            _settings.Plan(plan);

            // What was taken back is noted again at the next pass.
            _planned = Save() ? plan : null;
        }

        var now = _time.GetTimestamp();
        _due.Clear();
        var limit = _settings.Find(SysctlNames.Max);
        foreach (var tracker in _settings.All)
        {
            if (!ModuleLoaded)
            {
                tracker.Lost(ModuleNotLoadedMessage, SettingState.Pending);
            }
            else if (!seen)
            {
                tracker.Lost(KeysNotSeenMessage, SettingState.ReadOnly);
            }
            else if (_inspector.Inspect(tracker, limit, now))
            {
                _due.Add(tracker);
            }
        }

        if (_originals.IsReadOnly)
        {
            SayWhatIsDue();
            return _settings.TakeChanged();
        }

        WriteDue(now);
        if (_settings.Restoring)
        {
            _settings.DropRestored(Save);
        }

        return _unkept is null ? _settings.TakeChanged() : throw new IOException(_unkept.Message, _unkept);
    }

    /// <summary>How each setting stands, in the plan's order, then what is still to be put back.</summary>
    public List<SettingStatus> Statuses() => _settings.Statuses();

    /// <summary>Originals first and on the disk, then the kernel, in the order that hurts least.</summary>
    private void WriteDue(long now)
    {
        var fresh = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tracker in _due.Where(t => !t.Restoring && _originals.Find(t.Name) is null))
        {
            fresh.Add(tracker.Name);
            if (!_originals.AwaitsStatus)
            {
                _originals.Note(
                    tracker.Name, tracker.Actual!.Value, tracker.Setting!.OnRemoval ?? RemovalPolicy.Restore, tracker.Setting.Policy);
            }
        }

        Save();
        foreach (var tracker in _due.OrderBy(t => WriteOrder.Rank(t.Name, t.Target > t.Actual)).ThenBy(t => t.Position))
        {
            if (tracker.Restoring || _originals.Find(tracker.Name) is not null)
            {
                Write(tracker, now, fresh.Contains(tracker.Name));
            }
            else if (_originals.AwaitsStatus)
            {
                tracker.Set(SettingState.Pending, tracker.Actual, AwaitsStatusMessage);
            }
            else
            {
                tracker.Set(
                    SettingState.Failed, tracker.Actual, $"not written, since what was there before can't be kept: {_unkept?.Message}");
            }
        }

        Save();
    }

    /// <summary>Notes why, when it fails: what has its place on the disk is done all the same.</summary>
    private bool Save()
    {
        try
        {
            _originals.Save();
            return true;
        }
        catch (IOException e)
        {
            _unkept = e;
            return false;
        }
    }

    /// <summary>The pass of an engine that only looks: what it would write, were it let.</summary>
    private void SayWhatIsDue()
    {
        foreach (var tracker in _due)
        {
            if (ThresholdRefusal(tracker, planned: true) is { } refusal)
            {
                tracker.Set(SettingState.Failed, tracker.Actual, $"will be refused by the kernel: {refusal}");
                continue;
            }

            var writable = _sysctls.IsWritable(tracker.Name);
            tracker.Set(
                writable ? SettingState.Pending : SettingState.ReadOnly, tracker.Actual,
                $"{(writable ? "to be set" : "can't be set here")} {SettingInspector.Change(tracker, tracker.Actual)}");
        }
    }

    /// <summary>Why the kernel refuses a threshold of IPv6 reassembly: the other one; null where it is none, or fits.</summary>
    /// <param name="tracker">The key.</param>
    /// <param name="planned">Whether the other one counts as it will be, not as it is.</param>
    private string? ThresholdRefusal(SettingTracker tracker, bool planned)
    {
        if (FragmentThresholds.Other(tracker.Name) is not { } name)
        {
            return null;
        }

        var other = planned && _settings.Find(name) is { Observed: false } its ? its.Target : _sysctls.Read(name).Value;
        return other is { } value ? FragmentThresholds.Refusal(tracker.Name, tracker.Target, value) : null;
    }

    private void Write(SettingTracker tracker, long now, bool fresh)
    {
        var before = tracker.Actual;
        if (tracker.Name == SysctlNames.Buckets)
        {
            BeforeResize();
            _resizes.Begin(_inspector.EntriesOfAll(), before ?? 0, now);
        }

        var result = _sysctls.Write(tracker.Name, tracker.Target);
        if (tracker.Name == SysctlNames.Buckets && result.Value == before)
        {
            _resizes.Undo();
        }

        if (result.Status != SysctlStatus.Ok)
        {
            tracker.Failed(now);
            if (fresh && (result.Status is SysctlStatus.ReadOnly or SysctlStatus.NotSupported || result.Value == before))
            {
                // Not ours, then. One that could not be read back may well be written: its original stays.
                _originals.Forget(tracker.Name);
            }

            tracker.Set(result.Status switch
            {
                SysctlStatus.ReadOnly => SettingState.ReadOnly,
                SysctlStatus.NotSupported => SettingState.NotSupported,
                _ => SettingState.Failed,
            }, result.Value ?? before, ThresholdRefusal(tracker, planned: false) is { } refusal && result.Status == SysctlStatus.Failed
                ? $"{result.Message} {refusal}"
                : result.Message);
            return;
        }

        if (tracker is { WasInSync: true, Restoring: false })
        {
            tracker.Rewritten(now, _time, _options);
        }

        tracker.Set(SettingState.InSync, result.Value, null);
    }
}

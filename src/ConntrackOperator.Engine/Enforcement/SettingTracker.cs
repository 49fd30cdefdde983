using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>What the enforcer knows of one key, from pass to pass.</summary>
internal sealed class SettingTracker(string name)
{
    private readonly DriftConflictDetector _contest = new();
    private int _failures;
    private long _failedAt;

    public string Name => name;

    /// <summary>What is planned; null while the key is being put back to its original.</summary>
    public NodeSetting? Setting { get; private set; }

    /// <summary>The value to reach: planned, or the original.</summary>
    public long Target { get; private set; }

    public bool Restoring => Setting is null;

    public bool Observed => Setting is { Mode: PolicyMode.Observe };

    public long? Actual { get; private set; }

    public SettingState State { get; private set; } = SettingState.Pending;

    public string? Message { get; private set; }

    /// <summary>Whether the kernel held the target at some pass since it was planned: a difference now is drift.</summary>
    public bool WasInSync { get; private set; }

    public long Rewrites => _contest.Total;

    /// <summary>Set by every change that a report would show; taken back by whoever looked.</summary>
    public bool Changed { get; set; } = true;

    public DriftConflictDetector Contest => _contest;

    /// <summary>Where the key stands in the plan; what is being put back comes last.</summary>
    public int Position { get; private set; }

    public void Plan(NodeSetting? setting, long target, int position)
    {
        Position = position;
        if (Setting == setting && Target == target)
        {
            return;
        }

        if (Target != target || Restoring != (setting is null) || Observed != (setting?.Mode == PolicyMode.Observe))
        {
            WasInSync = false;
            _failures = 0;
            State = SettingState.Pending;
            Message = null;
        }

        Setting = setting;
        Target = target;
        Changed = true;
    }

    public void Set(SettingState state, long? actual, string? message)
    {
        Changed |= State != state || Actual != actual || Message != message;
        State = state;
        Actual = actual;
        Message = message;
        if (state == SettingState.InSync)
        {
            WasInSync = true;
            _failures = 0;
        }
    }

    /// <summary>The module went away: what it holds when it comes back is nobody's drift.</summary>
    public void Lost(string message, SettingState state)
    {
        Set(state, null, message);
        WasInSync = false;
    }

    public void Rewritten(long now, TimeProvider time, EnforcerOptions options)
    {
        _contest.Rewritten(now, time, options);
        Changed = true;
    }

    public void Failed(long now)
    {
        _failures = Math.Min(_failures + 1, 30);
        _failedAt = now;
    }

    /// <summary>Whether the wait after the last failure is over.</summary>
    public bool MayTry(long now, TimeProvider time, EnforcerOptions options)
    {
        if (_failures == 0)
        {
            return true;
        }

        var wait = TimeSpan.FromTicks((long)Math.Min(options.LastRetry.Ticks, options.FirstRetry.Ticks * Math.Pow(2, _failures - 1)));
        return time.GetElapsedTime(_failedAt, now) >= wait;
    }
}

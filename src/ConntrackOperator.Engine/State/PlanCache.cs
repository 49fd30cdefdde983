namespace ConntrackOperator.Engine.State;

/// <summary>Keeps the last plan in the state directory.</summary>
public sealed class PlanCache
{
    private readonly StateDirectory _state;

    /// <summary>Uses the directory's plan.json.</summary>
    /// <param name="state">The directory, held by this process.</param>
    public PlanCache(StateDirectory state) => _state = state;

    /// <summary>The last plan, or null.</summary>
    /// <param name="problem">What was wrong with the file, if something was.</param>
    public CachedPlan? Load(out string? problem) =>
        AtomicFile.Read(_state.PlanFile, EngineJson.Default.CachedPlan, !_state.IsReadOnly, out problem);

    /// <summary>Whether the file is there, or nothing is to be kept.</summary>
    public bool IsThere => _state.IsReadOnly || File.Exists(_state.PlanFile);

    /// <summary>Keeps the plan. Does nothing in a directory that is only looked at.</summary>
    /// <param name="plan">The plan.</param>
    /// <exception cref="IOException">The disk is full or read-only; the earlier plan is still there.</exception>
    public void Save(CachedPlan plan)
    {
        if (!_state.IsReadOnly)
        {
            _state.EnsureHeld();
            AtomicFile.Write(_state.PlanFile, plan, EngineJson.Default.CachedPlan);
        }
    }

    /// <summary>Forgets the plan. Does nothing in a directory that is only looked at.</summary>
    /// <exception cref="IOException">The file can't be deleted.</exception>
    public void Clear()
    {
        if (!_state.IsReadOnly)
        {
            AtomicFile.Delete(_state.PlanFile);
        }
    }
}

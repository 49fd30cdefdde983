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
    public CachedPlan? Load(out string? problem) => AtomicFile.Read(_state.PlanFile, EngineJson.Default.CachedPlan, out problem);

    /// <summary>Keeps the plan; when this returns it survives a power cut.</summary>
    /// <param name="plan">The plan.</param>
    /// <exception cref="IOException">The disk is full or read-only; the earlier plan is still there.</exception>
    public void Save(CachedPlan plan) => AtomicFile.Write(_state.PlanFile, plan, EngineJson.Default.CachedPlan);

    /// <summary>Forgets the plan.</summary>
    public void Clear() => File.Delete(_state.PlanFile);
}

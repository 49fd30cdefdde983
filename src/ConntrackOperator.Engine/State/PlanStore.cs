using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Engine.State;

/// <summary>The plan in force, and the state directory's file of it, from which the next boot begins. Not thread-safe.</summary>
internal sealed class PlanStore
{
    private readonly StateDirectory _state;
    private readonly string _file;
    private bool _unsaved;

    /// <summary>Takes the plan of the directory's plan.json, if there is one.</summary>
    /// <param name="state">The directory, held by this process.</param>
    /// <param name="node">The node's name; null: this is no agent.</param>
    public PlanStore(StateDirectory state, string? node)
    {
        _state = state;
        _file = FileOf(state, node);
        Plan = AtomicFile.Read(_file, EngineJson.Default.CachedPlan, !state.IsReadOnly, out var problem);
        Problem = problem;
    }

    /// <summary>What was wrong with the file; null: nothing.</summary>
    public string? Problem { get; }

    /// <summary>The plan, without its flushes; null: none is known.</summary>
    public CachedPlan? Plan { get; private set; }

    /// <summary>
    /// The flushes of the last plan that was set. A flush is for now: one that is found again after a reboot must not be done then, so none
    /// is kept. Null: no plan has been set since the start.
    /// </summary>
    public IReadOnlyList<NodeFlush>? Flushes { get; private set; }

    /// <summary>Puts a plan in force and keeps it. Keeps nothing in a directory that is only looked at.</summary>
    /// <param name="plan">The plan.</param>
    /// <exception cref="IOException">The disk is full or read-only; the plan is in force, the earlier one is still on the disk.</exception>
    public void Set(CachedPlan plan)
    {
        Flushes = plan.Spec?.Flushes ?? [];
        plan = plan.Spec?.Flushes is null ? plan : plan with { Spec = plan.Spec with { Flushes = null } };
        if (plan == Plan && !_unsaved)
        {
            return;
        }

        Plan = plan;
        _unsaved = true;
        Save(plan);
    }

    /// <summary>Forgets the plan. Deletes nothing in a directory that is only looked at.</summary>
    /// <exception cref="IOException">The file can't be deleted; the plan is in force no longer.</exception>
    public void Forget()
    {
        Plan = null;
        if (!_state.IsReadOnly)
        {
            AtomicFile.Delete(_file);
        }
    }

    /// <summary>
    /// The file may be deleted under a process that knows what it said, or the disk may have been full: then it is written again.
    /// </summary>
    /// <exception cref="IOException">One that was deleted can't be written.</exception>
    public void Keep()
    {
        if (Plan is not { } plan || _state.IsReadOnly || (!_unsaved && File.Exists(_file)))
        {
            return;
        }

        try
        {
            Save(plan);
        }
        catch (IOException) when (_unsaved)
        {
            // Who set it was told.
        }
    }

    /// <summary>A controller's plan is a node's: where its agent starts in another network namespace, it is found all the same.</summary>
    private static string FileOf(StateDirectory state, string? node)
    {
        var root = Path.Combine(state.Root, StateDirectory.PlanName);
        return state.IsApart && node is not null
            && AtomicFile.Read(root, EngineJson.Default.CachedPlan, setAside: false, out _)?.Node == node ? root : state.PlanFile;
    }

    private void Save(CachedPlan plan)
    {
        if (!_state.IsReadOnly)
        {
            _state.EnsureHeld();
            AtomicFile.Write(_file, plan, EngineJson.Default.CachedPlan);
        }

        _unsaved = false;
    }
}

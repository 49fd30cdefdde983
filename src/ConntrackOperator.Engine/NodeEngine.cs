using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Reporting;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine;

/// <summary>
/// One machine: brings its kernel to a plan, keeps it there, says how it stands. The agent and the one-host command run the
/// same engine. Not thread-safe: one loop drives it.
/// </summary>
public sealed class NodeEngine : IDisposable
{
    // Below, and below the plan's warning, nothing is advised, so nobody need know who does what.
    private const int TightPercent = 40;

    private readonly StateDirectory _state;
    private readonly TimeProvider _time;
    private readonly PlanStore _plan;
    private readonly Enforcer _enforcer;
    private readonly TableObserver _observer;
    private readonly TableOutlook _outlook;
    private readonly List<string> _problems = [];
    private readonly FlushRunner _flushes;
    private readonly ScanCycle? _scan;
    private readonly NodeAdviser _adviser;
    private readonly string _name;
    private PressureLevel _pressure;

    /// <summary>Takes the state directory and reads what it knows.</summary>
    /// <param name="options">Where the machine is.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StateDirectoryBusyException">Another process sets this machine.</exception>
    /// <exception cref="IOException">The state directory can't be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The state directory can't be made or written.</exception>
    public NodeEngine(EngineOptions options, TimeProvider time)
        : this(options, time, readOnly: false)
    {
    }

    private NodeEngine(EngineOptions options, TimeProvider time, bool readOnly)
    {
        ArgumentNullException.ThrowIfNull(options);
        _time = time;
        Facts = HostFacts.Read(options.ProcPath, options.SysPath);
        _state = readOnly ? StateDirectory.OpenReadOnly(options.StatePath, Facts)
            : StateDirectory.Open(options.StatePath, Facts, options.SysctlPath);
        try
        {
            Sysctls = new SysctlDirectory(options.SysctlPath);
            Originals = new OriginalsStore(_state, Facts, options.StatusWillCome);
            Note(Originals.Unknown);
            _plan = new PlanStore(_state, options.NodeName);
            Note(_plan.Problem);
            _enforcer = new Enforcer(
                Sysctls, options.ProcPath, Originals, new ResizeHistory(_state, Facts.BootId, options.ProcPath, time),
                () => TrackingModule.IsSeen(options.ProcPath, options.SysPath),
                time, new OverwriteSourceFinder(options.HostRoot, options.ProcPath), options.Enforcer);
            _observer = new TableObserver(Sysctls, options.ProcPath, options.SysPath, time);
            _outlook = new TableOutlook(time);
            Timeouts = TimeoutFile.Watch(options.StatePath, Sysctls, Facts, time);
            if (!readOnly)
            {
                Timeouts.Glance();
            }

            var filters = FilterFile.Support(options.StatePath, Facts);
            _flushes = new FlushRunner(_state, Delete, time);
            Note(_flushes.Problem);
            _adviser = new NodeAdviser(options.ProcPath, options.SysPath, time);
            _name = options.NodeName ?? Facts.HostName;
            if (options.ScanInterval is { } interval)
            {
                var table = options.Table ?? new KernelTableLooks(Sysctls, Timeouts, options.ProcPath, time);
                _scan = new ScanCycle(table, options.ProcPath, options.SysPath, interval, time, Random.Shared);
            }

            _enforcer.BeforeResize = () => _scan?.Interrupt();

            DeleteResult Delete(FlowMatch match, bool dryRun)
            {
                _scan?.Interrupt();
                return new FlowDeleter(Sysctls, time, Timeouts, filters).Delete(match, dryRun);
            }
        }
        catch
        {
            _state.Dispose();
            throw;
        }
    }

    /// <summary>
    /// An engine that only looks: it takes no lock, so it works beside an agent, and writes neither the kernel nor, but for the time-outs
    /// that it sees, the disk.
    /// What it would write is <see cref="SettingState.Pending"/>, or <see cref="SettingState.ReadOnly"/> where it could not.
    /// </summary>
    /// <param name="options">Where the machine is; the state directory need not be there.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The state directory is there and can't be read.</exception>
    public static NodeEngine OpenReadOnly(EngineOptions options, TimeProvider time) => new(options, time, readOnly: true);

    /// <summary>The machine.</summary>
    public HostFacts Facts { get; }

    /// <summary>The keys.</summary>
    public SysctlDirectory Sysctls { get; }

    /// <summary>What each key held before the first write since boot.</summary>
    public OriginalsStore Originals { get; }

    /// <summary>Which time-outs were seen, for idle times; kept in the state directory, by an engine that only looks as well.</summary>
    public TimeoutWatch Timeouts { get; }

    /// <summary>
    /// The plan in force; at the start, the one that the state directory kept. Null: none is known, and nothing is touched.
    /// </summary>
    public CachedPlan? Plan => _plan.Plan;

    /// <summary>What was wrong with files of the state directory.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Whether nothing is left to be put back.</summary>
    public bool AllRestored => _enforcer.AllRestored;

    /// <inheritdoc cref="Enforcer.Kept"/>
    public IReadOnlyDictionary<string, long> Kept => _enforcer.Kept;

    /// <summary>Puts a plan in force and keeps it for the next boot.</summary>
    /// <param name="plan">The plan.</param>
    /// <exception cref="IOException">It can't be kept; it is in force all the same.</exception>
    public void SetPlan(CachedPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _plan.Set(plan);
    }

    /// <summary>Puts an empty plan in force under which everything goes back, also what a policy would have kept.</summary>
    /// <exception cref="IOException">It can't be kept; it is in force all the same.</exception>
    public void SetRestorePlan()
    {
        Originals.RestoreAll();
        SetPlan(new CachedPlan { Spec = new NodeSpec { Settings = [] } });
    }

    /// <summary>Forgets the plan: nothing is touched any more.</summary>
    /// <exception cref="IOException">The file of the plan can't be deleted.</exception>
    public void ForgetPlan() => _plan.Forget();

    /// <summary>Compares the kernel with the plan, writes what differs, puts back what left the plan.</summary>
    /// <returns>Whether something changed that a report would show.</returns>
    /// <exception cref="IOException">
    /// The disk keeps something not: no key was written whose original is not on it. All else was done, the correction of drift too.
    /// </exception>
    public bool Enforce()
    {
        IOException? problem = null;
        try
        {
            _plan.Keep();
        }
        catch (IOException e)
        {
            problem = e;
        }

        var changed = PassWatched(Plan?.Spec);
        return problem is null ? changed : throw new IOException(problem.Message, problem);
    }

    /// <summary>
    /// Brings some keys to given values by the same rules as a plan's (held where it would hurt, with their originals on the disk
    /// first), and leaves all others, and the plan, as they are. A value stays until a plan sets the key, or everything is restored; what
    /// the key held before is known until then.
    /// </summary>
    /// <param name="values">The keys, and what they shall hold, 0 or more.</param>
    /// <returns>How each of them stands afterwards.</returns>
    /// <exception cref="IOException">Originals can't be kept: no key was written whose original is not on the disk.</exception>
    public IReadOnlyList<SettingStatus> EnforceOnce(IReadOnlyDictionary<string, long> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        // A policy that only observes a key has not set it.
        var planned = (Plan?.Spec?.Settings ?? []).Where(s => s.Name is not null && s.Mode != PolicyMode.Observe).DistinctBy(s => s.Name)
            .ToDictionary(s => s.Name!, StringComparer.Ordinal);
        var settings = values.Select(v => new NodeSetting
        {
            Name = v.Key,
            Value = v.Value,
            Policy = planned.GetValueOrDefault(v.Key)?.Policy,
            Mode = PolicyMode.Enforce,
            OnRemoval = planned.TryGetValue(v.Key, out var its) ? its.OnRemoval ?? RemovalPolicy.Restore : RemovalPolicy.Keep,
        }).ToList();

        // Looked at alone, these are neither written nor taken for keys that left the plan.
        settings.AddRange(Originals.Names.Where(name => !values.ContainsKey(name)).Select(name =>
            new NodeSetting { Name = name, Value = Originals.Find(name), Mode = PolicyMode.Observe }));
        PassWatched(new NodeSpec { Settings = settings });
        return [.. _enforcer.Statuses().Where(s => values.ContainsKey(s.Name!))];
    }

    /// <summary>
    /// A pass, and a look at the time-outs before something is written and after: entries keep the old one until their next packet.
    /// </summary>
    private bool PassWatched(NodeSpec? spec)
    {
        if (_state.IsReadOnly)
        {
            return _enforcer.Pass(spec);
        }

        Timeouts.Glance();
        try
        {
            return _enforcer.Pass(spec);
        }
        finally
        {
            Timeouts.Glance();
        }
    }

    /// <summary>Whether entries are being deleted.</summary>
    public bool IsFlushing => _flushes.IsRunning;

    /// <summary>Takes over what the node's status tells, where the state directory knows nothing of this boot.</summary>
    /// <param name="status">The status as stored in the API server.</param>
    /// <returns>How many originals were taken over.</returns>
    public int Adopt(NodeStatus? status)
    {
        _flushes.Adopt(status);
        return Originals.Adopt(status);
    }

    /// <summary>Begins the next flush that the plan asks for, and takes the result of the last; the deletion itself runs beside.</summary>
    /// <returns>Whether something changed that a report would show.</returns>
    /// <exception cref="IOException">The state directory can't be written, so nothing was begun.</exception>
    public bool Flush() => _flushes.Turn(_plan.Flushes);

    /// <summary>
    /// Looks what fills the table, when that is due: a tenth of a second at any size. Where a sample is not all of it every entry is
    /// counted now and then, beside this loop.
    /// </summary>
    /// <param name="reading">How full the table is, for the advice.</param>
    /// <returns>Whether something new was seen.</returns>
    public bool Scan(in TableReading reading)
    {
        // Lost at insertion with room to spare: ports of a translated address may be used up, which only who does what tells.
        var tight = reading.Percent >= Math.Min(TightPercent, Plan?.Spec?.Pressure?.WarningPercent ?? TightPercent)
            || reading.Rates?.TableFullDropsPerMinute > 0 || reading.Rates?.RacesLostPerMinute >= 1;
        if (_scan is null || !_scan.RunIfDue(tight, mayCount: !_flushes.IsRunning))
        {
            return false;
        }

        var seen = _scan.Latest!;
        _adviser.Look(AdviceInput(seen.Breakdown, seen.Traffic, reading, new AdviceTarget("kubectl conntrack", _name)) with
        {
            Nat = seen.Nat,
            TrafficErrorPercent = seen.TrafficErrorPercent,
            Counted = seen.Counted,
        }, tight);
        return true;
    }

    /// <summary>What the advice is made of, with what the plan in force says.</summary>
    /// <param name="breakdown">What fills the table.</param>
    /// <param name="traffic">Who does what; null: not looked at.</param>
    /// <param name="reading">How full it is.</param>
    /// <param name="target">How commands are written.</param>
    public AdviceInput AdviceInput(Breakdown breakdown, TrafficReading? traffic, in TableReading reading, AdviceTarget target) => new()
    {
        Target = target,
        Breakdown = breakdown,
        Traffic = traffic,
        Reading = reading,
        Host = Facts,
        MemoryLimitPercent = Plan?.Spec?.MemoryLimitPercent ?? TableSpec.DefaultMemoryLimitPercent,
        WarningPercent = Plan?.Spec?.Pressure?.WarningPercent ?? PressureSpec.DefaultWarningPercent,
        CriticalPercent = Plan?.Spec?.Pressure?.CriticalPercent ?? PressureSpec.DefaultCriticalPercent,
    };

    /// <summary>What fills the table, as last seen; null: not looked at yet.</summary>
    public ScanResult? Latest => _scan?.Latest;

    /// <summary>Entries deleted for flushes since the start.</summary>
    public long FlushedEntries => _flushes.Deleted;

    /// <summary>Reads how full the table is and what goes wrong.</summary>
    public TableReading Observe()
    {
        var reading = _observer.Read();
        _outlook.Add(reading);
        return reading;
    }

    /// <summary>How near the table is to being full.</summary>
    /// <param name="reading">How full it is now.</param>
    public Outlook Outlook(in TableReading reading) => _outlook.Of(reading, Latest?.Breakdown);

    /// <summary>The status as a report would show it now.</summary>
    /// <param name="reading">How full the table is.</param>
    /// <param name="before">The conditions reported before, for the times of transitions.</param>
    public NodeStatus Status(in TableReading reading, IReadOnlyList<Condition>? before)
    {
        _pressure = PressureRules.Level(reading.Percent, reading.Rates?.TableFullDropsPerMinute, Plan?.Spec?.Pressure, _pressure);
        var report = new NodeReport
        {
            Generation = Plan?.Generation,
            PlanKnown = Plan is not null,
            ModuleLoaded = _enforcer.ModuleLoaded,
            Settings = _enforcer.Statuses(),
            Reading = reading,
            Outlook = Outlook(reading),
            Pressure = _pressure,
            Seen = Latest,
            Findings = _adviser.Findings,
            NotLooked = _adviser.NotLooked,
            Flushes = _flushes.Statuses,
            Facts = Facts,
            Version = EngineVersion.Text,
        };
        return report.ToStatus(before, _time.GetUtcNow());
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _scan?.Dispose();
        _observer.Dispose();
        _state.Dispose();
    }

    private void Note(string? problem)
    {
        if (problem is not null)
        {
            _problems.Add(problem);
        }
    }
}

using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Cli.Host;

/// <summary>Looks at this machine's table, again and again with the same memory. What is new is told from the look before.</summary>
internal sealed class HostLook : IDisposable
{
    private readonly NodeEngine _engine;
    private readonly TrafficSurvey _survey;
    private readonly PortSurvey _ports = new();
    private readonly NatPortWatch _nat;
    private readonly TableScanner _scanner;
    private readonly NamespaceWatch _namespaces;
    private readonly LocalLinks _links;
    private readonly bool _full;
    private readonly TimeSpan _between;
    private readonly TimeProvider _time;
    private readonly Task<RuleFacts>? _rules;
    private (TableReading Reading, long At)? _before;

    /// <param name="options">Where the machine is.</param>
    /// <param name="full">Every entry, not a sample.</param>
    /// <param name="withRules">Whether rules are listed as well.</param>
    /// <param name="between">Time between the first two looks.</param>
    /// <param name="time">The clock.</param>
    public HostLook(EngineOptions options, bool full, bool withRules, TimeSpan between, TimeProvider time)
    {
        // Programs that list rules take their time: they run while the first look waits for the second.
        _rules = withRules ? Task.Run(Rules) : null;
        _engine = NodeEngine.OpenReadOnly(options, time);
        _survey = new TrafficSurvey(time);
        _scanner = new TableScanner(sysctls: new(options.SysctlPath), time: time, survey: _survey, ports: _ports);
        _nat = new NatPortWatch(options.ProcPath, options.SysPath);
        _namespaces = new NamespaceWatch(options.ProcPath, time);
        _links = LocalLinks.Read(options.SysPath);
        (_full, _between, _time) = (full, between, time);
    }

    /// <exception cref="Netfilter.Netlink.NetlinkException">The table can't be read.</exception>
    public async Task<HostSight> LookAsync(CancellationToken cancel)
    {
        if (!_engine.Sysctls.ModuleLoaded && !TrackingModule.IsSeen())
        {
            throw new CliException(ExitCode.Failure, "there is no table: the nf_conntrack module is not loaded");
        }

        if (_before is null)
        {
            var first = _engine.Observe();
            _scanner.Sample(TrafficSurvey.Compared, _engine.Timeouts.Clock(assumeHeld: true), cancel);
            _namespaces.Read(first.Limit);
            _before = (first, _time.GetTimestamp());
            await Task.Delay(_between, _time, cancel);
        }

        var reading = _engine.Observe();
        var at = _time.GetTimestamp();
        var span = _time.GetElapsedTime(_before.Value.At, at);
        var idle = _engine.Timeouts.Clock(assumeHeld: true);
        var seen = _full ? _scanner.Scan(idle, ScanCycle.SampleSize, cancel) : _scanner.Sample(ScanCycle.SampleSize, idle, cancel);
        var rules = _rules is null ? RuleFacts.NotKnown : await _rules.WaitAsync(cancel);
        var nat = _nat.Look(_ports.Latest, rules.Translations);
        var input = _engine.AdviceInput(
            seen, _survey.Latest, reading, new AdviceTarget(ProgramName.Own, HasPlan: _engine.Plan?.Spec?.Settings is { Count: > 0 })) with
        {
            GrowthPerSecond = reading.Entries is { } now && _before.Value.Reading.Entries is { } then && span > TimeSpan.Zero
                ? (now - then) / span.TotalSeconds
                : null,
            Rules = rules,
            Nat = nat,
            Links = _links,
            Namespaces = _namespaces.Read(reading.Limit),
            NamespacesLooked = _namespaces.SeesMachine,
        };
        _before = (reading, at);
        var facts = NodeAdvice.Facts(input);
        return new HostSight(_engine.Facts, seen, reading, facts, Adviser.Advise(facts), NatReport.Of(nat)!);
    }

    public void Dispose() => _engine.Dispose();

    private static RuleFacts Rules()
    {
        return RuleText.Read(Listing("nft", "list", "ruleset"), Listing("iptables-save"), Listing("ip6tables-save"));

        static string? Listing(string program, params string[] arguments) =>
            SystemProgram.TryRun(program, arguments) is { ExitCode: 0 } done ? done.Output : null;
    }
}

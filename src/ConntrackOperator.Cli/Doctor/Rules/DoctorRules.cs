using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>All rules.</summary>
internal static class DoctorRules
{
    /// <summary>In the order in which equally grave findings are told.</summary>
    public static IReadOnlyList<IDoctorRule> All { get; } =
    [
        new KubeProxyRule(), new OtherWriterRule(), new NodePoolRule(), new HashChainRule(), new ModuleRule(),
        new LiberalKernelRule(), new KeepaliveRule(), new CloudIdleRule(), new NetworkPluginRule(),
        new ControllerRule(), new AgentRule(), new PolicyRule(), new AdmissionRule(), new VersionRule(),
    ];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => All.Select(rule => rule.Name);

    /// <summary>What they find, the gravest first.</summary>
    /// <param name="facts">What to look at.</param>
    /// <param name="ignored">Names of rules that are not asked.</param>
    public static IReadOnlyList<DoctorFinding> Judge(DoctorFacts facts, IReadOnlyCollection<string> ignored) =>
        [.. All.Where(rule => !ignored.Contains(rule.Name)).SelectMany(rule => rule.Judge(facts)).OrderByDescending(f => f.Severity)];
}

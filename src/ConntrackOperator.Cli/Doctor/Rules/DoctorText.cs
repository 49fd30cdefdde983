using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Words that several rules use.</summary>
internal static class DoctorText
{
    public static string Number(long number) => number.ToString("N0");

    public static string Nodes(int count) => count == 1 ? "1 node" : Number(count) + " nodes";

    public static string Policies(int count) => count == 1 ? "1 policy" : Number(count) + " policies";

    /// <summary>How many nodes; on one machine: this machine.</summary>
    public static string Where(DoctorFacts facts, int count) => facts.OneMachine ? "this machine" : Nodes(count);

    public static IReadOnlyList<string> Names(IEnumerable<NodeView> nodes) => [.. nodes.Select(n => n.Name).Order(StringComparer.Ordinal)];

    /// <summary>A value of a sysctl for people: a time, a number; 0 is no limit where the kernel takes it so.</summary>
    public static string Value(string sysctl, long value) =>
        SysctlWords.IsNoLimit(sysctl, value) ? SysctlWords.NoLimit
        : sysctl.Contains("timeout", StringComparison.Ordinal) ? Planning.Formatting.KubeDuration.Format(value)
        : Number(value);
}

using System.Runtime.CompilerServices;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>
/// What the crash test kills: this test program itself, started again with <see cref="StateVariable"/> set, which applies and
/// restores plans without end instead of running tests.
/// </summary>
internal static class CrashingEngine
{
    internal const string StateVariable = "CONNTRACK_OPERATOR_CRASH_STATE";

    /// <summary>The keys that it sets; all of them can be written in a network namespace of one's own.</summary>
    internal static string[] Keys { get; } =
    [
        SysctlNames.UdpTimeout, SysctlNames.UdpTimeoutStream, SysctlNames.GenericTimeout, SysctlNames.IcmpTimeout,
        SysctlNames.Icmpv6Timeout,
        SysctlNames.TcpTimeoutEstablished, SysctlNames.TcpTimeoutTimeWait, SysctlNames.TcpTimeoutCloseWait, SysctlNames.TcpTimeoutSynSent,
        SysctlNames.Accounting,
    ];

    [ModuleInitializer]
    internal static void Begin()
    {
        if (Environment.GetEnvironmentVariable(StateVariable) is { Length: > 0 } state)
        {
            Run(state);
        }
    }

    private static void Run(string state)
    {
        using var engine = new NodeEngine(new EngineOptions { StatePath = state }, TimeProvider.System);
        for (var round = 1; ; round++)
        {
            // Its first rounds are compiled while they run, which takes what a busy machine leaves: the kills are for those after.
            if (round == 3)
            {
                Console.WriteLine("ready");
            }

            // Each plan drops some keys of the one before and takes others: originals come and go all the time.
            engine.SetPlan(Of(Settings(round, everyOther: 2)));
            engine.Enforce();
            engine.SetPlan(Of(Settings(round, everyOther: 3)));
            engine.Enforce();
            engine.SetPlan(Of());
            engine.Enforce();
        }
    }

    private static NodeSetting[] Settings(int round, int everyOther) =>
        [.. Keys.Where((_, i) => (i + round) % everyOther != 0)
            .Select(key => Set(key, key == SysctlNames.Accounting ? 1 : 1000 + (round % 1000)))];
}

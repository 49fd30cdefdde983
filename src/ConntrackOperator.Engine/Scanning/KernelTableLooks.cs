using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>The kernel's table in the network namespace of the thread that looks.</summary>
/// <param name="sysctls">The keys, for the count and the buckets.</param>
/// <param name="timeouts">Which time-outs were seen.</param>
/// <param name="procPath">/proc.</param>
/// <param name="time">The clock.</param>
internal sealed class KernelTableLooks(SysctlDirectory sysctls, TimeoutWatch timeouts, string procPath, TimeProvider time) : ITableLooks
{
    /// <inheritdoc />
    public TableLook Sample(TrafficSurvey? survey)
    {
        // A new scanner each time: its tables are not worth keeping for a minute.
        // Nothing is deleted by these idle times; they say for how long they are certain.
        var ports = new PortSurvey();
        var breakdown = Scanner(survey, ports).Sample(ScanCycle.SampleSize, timeouts.Clock(assumeHeld: true));
        return new TableLook(breakdown, survey?.Latest, ports.Latest);
    }

    /// <inheritdoc />
    public Func<CancellationToken, TableLook?> Count(TrafficSurvey? survey)
    {
        var idle = timeouts.Clock(assumeHeld: true);
        return cancellationToken =>
        {
            var buckets = sysctls.Read(SysctlNames.Buckets).Value;
            var ports = new PortSurvey();
            var breakdown = Scanner(survey, ports).Scan(idle, ScanCycle.SampleSize, cancellationToken);
            return sysctls.Read(SysctlNames.Buckets).Value == buckets ? new TableLook(breakdown, survey?.Latest, ports.Latest) : null;
        };
    }

    private TableScanner Scanner(TrafficSurvey? survey, PortSurvey ports) =>
        new(procPath: procPath, sysctls: sysctls, time: time, survey: survey, ports: ports);
}

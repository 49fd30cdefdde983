using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host advise</c>.</summary>
internal static class HostAdvise
{
    public static async Task<int> RunAsync(EngineOptions options, bool full, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        using var look = new HostLook(options, full, time);
        var report = await look.ReportAsync(cancel);
        new AdviceReport { Advice = report.Advice }.Print(format, "nothing to change: the table has room, and what is in it is in use");
        return ExitCode.InSync;
    }
}

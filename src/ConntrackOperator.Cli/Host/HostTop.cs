using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host top</c>: only looks, so it works beside an agent.</summary>
internal static class HostTop
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(EngineOptions options, bool full, bool once, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        using var look = new HostLook(options, full, time);
        return await LiveScreen.RunAsync(look.ReportAsync, format, once, _every, time, cancel);
    }
}

using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host top</c>: only looks, so it works beside an agent.</summary>
internal static class HostTop
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(
        EngineOptions options, bool full, bool once, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        using var look = new HostLook(options, full, withRules: false, _first, time);
        return await LiveScreen.RunAsync(async ct => HostTopReport.Of(await look.LookAsync(ct)), format, once, _every, time, cancel);
    }
}

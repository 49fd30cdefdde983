using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Doctor;

/// <summary>The command <c>host doctor</c>: only looks, and works beside an agent.</summary>
internal static class HostDoctor
{
    public static int Run(EngineOptions options, IReadOnlyCollection<string> ignored, OutputFormat format) =>
        ClusterDoctor.Print(HostGathering.Read(options, TimeProvider.System), ignored, format);
}

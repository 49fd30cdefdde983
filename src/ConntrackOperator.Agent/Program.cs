using System.Runtime.InteropServices;
using ConntrackOperator.Agent;
using ConntrackOperator.Agent.Logging;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Engine;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Telemetry;

if (args is ["--help"] or ["-h"])
{
    Console.Out.Write(OptionReader.Help);
    return 0;
}

if (args is ["--version"])
{
    Console.Out.WriteLine(EngineVersion.Text);
    return 0;
}

AgentOptions options;
try
{
    options = OptionReader.Read(args, Environment.GetEnvironmentVariable);
}
catch (OptionException e)
{
    Console.Error.WriteLine($"conntrack-agent: {e.Message}");
    return 2;
}

using var stop = new CancellationTokenSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
var settings = TelemetrySettings.Read(Environment.GetEnvironmentVariable);
using var telemetry = new TelemetryPipeline(
    settings, AgentTelemetry.Source(options), options.Listen is null ? Scraping.Off : Scraping.WhenAsked);
var log = telemetry.Tee(
    new JsonLineLogger(Console.OpenStandardOutput(), TimeProvider.System, options.LogLevel, ("node", options.NodeName)));
foreach (var problem in settings.Problems.Concat(telemetry.Problems))
{
    log.TelemetryProblem(problem);
}

try
{
    await AgentHost.RunAsync(options, log, telemetry.Scrape, TimeProvider.System, Random.Shared, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    log.Stopped();
    return 0;
}
catch (PartEndedException)
{
    // The log has said which and why.
    return 1;
}
catch (Exception e) when (e is InvalidOperationException || e.IsIoFailure())
{
    log.CannotRun(e);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using System.Runtime.InteropServices;
using ConntrackOperator.Agent;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Kubernetes.Logging;

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
var log = new JsonLineLog(Console.OpenStandardOutput(), TimeProvider.System, options.Verbose, ("node", options.NodeName));
try
{
    await AgentHost.RunAsync(options, log, TimeProvider.System, Random.Shared, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    log.Notice("stopped; the settings stay as they are");
    return 0;
}
catch (Exception e) when (e is StateDirectoryBusyException or IOException or UnauthorizedAccessException or InvalidOperationException)
{
    log.Warn("can't run", e);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using System.Runtime.InteropServices;
using ConntrackOperator.Incidents.Agents;
using ConntrackOperator.Incidents.Machine;
using ConntrackOperator.Incidents.Reporting;
using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents;

/// <summary>The incident suite: tests/incidents/run.sh has the arguments.</summary>
internal static class Program
{
    private const int MostRepeats = 2;

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is [AgentLoop.Argument, var state])
        {
            return await AgentLoop.RunAsync(state);
        }

        if (Arguments.Parse(arguments, Console.Error) is not { } options)
        {
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Action<PosixSignalContext> onSignal = context =>
        {
            context.Cancel = true;
            stop.Cancel();
        };
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, onSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, onSignal);
        using var program = new TrafficProgram();
        var outcomes = new List<Outcome>();
        try
        {
            foreach (var incident in options.Incidents)
            {
                // No mix and no ordinary load is mended: what is asked of them is what is said.
                var fix = options.Run.Fix && incident.Truths.Count > 0 && !incident.OnlyAdvice;
                var run = options.Run with { Fix = fix };
                var outcome = await IncidentRun.RunAsync(incident, program, run, stop.Token);
                for (var again = 0; again < MostRepeats
                    && (outcome.NotStaged ?? (run.Short ? null : outcome.Disturbed)) is { } why; again++)
                {
                    // The test bed, not the product: a machine that is busy with something else was too slow.
                    Console.WriteLine($"once more {incident.Name}: {why}");
                    outcome = await IncidentRun.RunAsync(incident, program, run, stop.Token);
                }

                outcomes.Add(outcome);
                Console.WriteLine(OutcomeText.Line(outcome));

                // The lock is let go after each incident; whoever waits for it looks every 50 ms.
                await Task.Delay(500, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // What was seen until then is still worth its table.
            Console.WriteLine("stopped; everything is put back");
        }

        Console.WriteLine();
        Console.Write(ResultTable.Markdown(outcomes));
        Console.WriteLine();
        var checks = Goals.Of(outcomes, options.Run);
        foreach (var check in checks)
        {
            Console.WriteLine(check);
        }

        if (options.Table is { } file)
        {
            TableFile.Write(file, outcomes, checks);
        }

        var failed = checks.Count(c => c.Asserted && !c.Met);
        Console.WriteLine($"{checks.Count(c => c.Asserted) - failed} passed, {failed} failed");
        return stop.IsCancellationRequested ? 130 : failed == 0 ? 0 : 1;
    }
}

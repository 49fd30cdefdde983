using System.CommandLine;
using ConntrackOperator.Controller;

// Without its time limit: stopping ends the work in progress and gives the lease back, which may take longer than 2 s.
return await ControllerCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

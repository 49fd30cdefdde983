using ConntrackOperator.Cli.Commands;

return await CommandLine.RunAsync(args);

using ConntrackOperator.Cli.Crd;

return args is ["crd", "--output", var directory] ? CrdCommand.Run(directory, Console.Out) : 2;

namespace ConntrackOperator.Cli.Output;

/// <summary>Whoever read the output has seen enough. Nothing went wrong.</summary>
internal sealed class OutputClosedException(Exception inner) : Exception("nobody reads the output any more", inner);

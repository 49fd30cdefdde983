namespace ConntrackOperator.Agent.Options;

/// <summary>An option is missing or not valid; the message is for the person who wrote it.</summary>
internal sealed class OptionException(string message) : Exception(message);

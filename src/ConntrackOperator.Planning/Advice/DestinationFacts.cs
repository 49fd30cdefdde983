namespace ConntrackOperator.Planning.Advice;

/// <summary>What TCP connections to one destination, in one state, make of the table.</summary>
/// <param name="Address">The original destination, before address translation.</param>
/// <param name="Port">Its port.</param>
/// <param name="State">ESTABLISHED or CLOSE_WAIT.</param>
/// <param name="Percent">Percent of all entries, 0 to 100.</param>
public sealed record DestinationFacts(string Address, int Port, string State, double Percent);

namespace ConntrackOperator.Engine.Forecasting;

/// <summary>How near a table is to being full. What is not known is null.</summary>
/// <param name="Headroom">The probability that a new connection found room over the last minute, 0 to 1.</param>
/// <param name="HeadroomWhenFull">What it would be if the table were full of what is in it now, 0 to 1.</param>
/// <param name="Full">When it is full if it goes on as it does; null also where it does not grow steadily.</param>
public readonly record struct Outlook(double? Headroom, double? HeadroomWhenFull, TimeToFull? Full);

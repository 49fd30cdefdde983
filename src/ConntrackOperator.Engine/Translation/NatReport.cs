using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Engine.Translation;

/// <summary>From what is known of translated addresses to what is reported. Pure.</summary>
public static class NatReport
{
    /// <summary>The worst first; null where the table was not looked at.</summary>
    /// <param name="pairs">What is known.</param>
    public static List<NatStatus>? Of(IReadOnlyList<NatPorts>? pairs) => pairs is null ? null :
    [
        .. pairs.Select(pair => new NatStatus
        {
            Source = pair.Use.Source.ToString(),
            Destination = pair.Use.Destination.ToString(),
            Port = pair.Use.Port,
            Protocol = pair.Protocol,
            Ports = pair.Use.Ports,
            Percent = (int)Math.Floor(pair.Percent),
            Range = pair.Range.ToString(),
            RangeFrom = pair.Range.From.ToString(),
            Estimated = pair.Use.IsExact ? null : true,
        }),
    ];
}

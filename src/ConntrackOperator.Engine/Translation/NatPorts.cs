using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Translation;

/// <summary>How many of its ports a translated address has in use for one destination.</summary>
/// <param name="Use">What is in use.</param>
/// <param name="Range">Which there are.</param>
public sealed record NatPorts(PortUse Use, PortRange Range)
{
    /// <summary>Ports in use, in percent of the range, at most 100.</summary>
    public double Percent => Math.Min(100, 100.0 * Use.Ports / Range.Count);

    /// <summary>The protocol's name, or number.</summary>
    public string Protocol => FlowProtocols.Name(Use.Protocol);
}

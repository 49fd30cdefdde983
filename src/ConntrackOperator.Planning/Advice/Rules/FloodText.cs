using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>What is said of a flood beside its commands.</summary>
internal static class FloodText
{
    /// <summary>What its entries are called.</summary>
    internal static string Names(TrafficClass kind) => kind switch
    {
        TrafficClass.SynSent => "SYN_SENT",
        TrafficClass.SynReceived => "SYN_RECV",
        TrafficClass.UdpUnreplied => "UDP without a reply",
        TrafficClass.Icmp => "ICMP",
        _ => "one direction only",
    };

    /// <summary>Why nothing on this machine tells a flood from what is not one.</summary>
    internal static string Indistinct(Suspects suspects) =>
        suspects.Protocols.Count == 0
            ? "which protocol it has is not known, and a rule that names none would drop everything between these addresses"
        : suspects.Sources.Count + suspects.Networks.Count > 0
            ? "who sends it is answered as well, so nothing on this machine tells the flood's packets from others'"
        : $"the sources are many and {(suspects.Victim is null ? "so are the places" : "a service answers there")}, so nothing on this "
            + "machine tells the flood's packets from others'";

    /// <summary>
    /// What a drop in front of tracking breaks: without a connection's state a rule can't tell those in use, and only a SYN says of itself
    /// that it opens one.
    /// </summary>
    internal static string Broken(Suspects suspects, string names) => suspects.Kind switch
    {
        TrafficClass.SynSent or TrafficClass.SynReceived => $"new connections of {names} {suspects.Where}; those that are open go on",
        TrafficClass.Icmp => $"pings of {names} {suspects.Where}; errors and neighbour discovery pass, and connections go on",
        _ => $"all {List(suspects.Protocols)} of {names} {suspects.Where}: what is in use is cut off as well",
    };

    private static string List(IEnumerable<string> protocols) => Figures.List(
        protocols.Select(protocol => char.IsAsciiDigit(protocol[0]) ? $"packets of protocol {protocol}" : protocol.ToUpperInvariant()));
}

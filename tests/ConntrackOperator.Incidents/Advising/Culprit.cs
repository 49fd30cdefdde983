using System.Globalization;
using System.Net;

namespace ConntrackOperator.Incidents.Advising;

/// <summary>Somebody that is named in a finding.</summary>
internal sealed record Culprit
{
    public string? Role { get; init; }

    public string? Address { get; init; }

    public string? Network { get; init; }

    public int? Port { get; init; }

    public string? Name { get; init; }

    public int? Pid { get; init; }

    public long? Entries { get; init; }

    internal bool Is(string culprit) => culprit.Split(':') switch
    {
        [var address, var port] => Has(address) && Port?.ToString(CultureInfo.InvariantCulture) == port,
        [var one] when one.Contains('.', StringComparison.Ordinal) => Has(one),
        [var port] => Port?.ToString(CultureInfo.InvariantCulture) == port,
        _ => false,
    };

    private bool Has(string address) =>
        Address == address
            || (Network is { } network && IPNetwork.TryParse(network, out var net) && net.PrefixLength > 0
                && net.Contains(IPAddress.Parse(address)));
}

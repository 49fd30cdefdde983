using System.Globalization;
using System.Net;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Who has the most entries, for the note of an event. Pure.</summary>
internal static class NamedSources
{
    /// <summary>How many are named.</summary>
    public const int Most = 3;

    // Below that, many have about as many.
    private const int LeastPercent = 5;

    /// <summary>
    /// The addresses that would be named, the one with the most entries first. What is no address might pretend to be a name.
    /// </summary>
    public static IReadOnlyList<TopSource> Of(NodeStatus status) =>
    [
        .. (status.Top?.Sources ?? []).Where(s => s is { Percent: >= LeastPercent } && IPAddress.TryParse(s.Address, out _))
            .OrderByDescending(s => s.Percent).Take(Most),
    ];

    /// <summary>Such as: most entries: 10.244.1.7 (pod shop/cart-7d9f) 41%, 10.9.0.3 12%. Null where nobody stands out.</summary>
    public static string? Text(IReadOnlyList<TopSource> sources, Func<string?, AddressOwner?> owner) => sources.Count == 0 ? null
        : "most entries: " + string.Join(", ", sources.Select(s =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{s.Address}{(owner(s.Address) is { } known ? $" ({known})" : string.Empty)} {s.Percent}%")));
}

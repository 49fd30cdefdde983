namespace ConntrackOperator.Incidents.Cases;

/// <summary>One cause that is true.</summary>
/// <param name="Causes">The names that are right for it.</param>
/// <param name="Whom">Whom it must name: each an address, ADDRESS:PORT or a port; alternatives with |.</param>
internal sealed record Truth(IReadOnlyList<string> Causes, params string[] Whom)
{
    internal static Truth Of(string causes, params string[] whom) => new(causes.Split('|'), whom);
}

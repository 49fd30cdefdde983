using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>What a table hands its entries to; a struct, so that the call is direct.</summary>
internal interface IFlowVisitor
{
    /// <param name="flow">The entry; gone after the call.</param>
    /// <returns>False to stop reading.</returns>
    bool Visit(scoped in Flow flow);

    /// <summary>The dump has to begin again: forget what was seen.</summary>
    /// <returns>False when that is not possible; the reading then fails.</returns>
    bool Restart();
}

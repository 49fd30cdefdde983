using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>Is handed one entry after the other.</summary>
/// <param name="flow">The entry; gone after the call.</param>
/// <returns>False to stop reading.</returns>
public delegate bool FlowVisitor(in Flow flow);

using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Cli.Flows;

/// <summary>Prints one entry after the other.</summary>
internal interface IFlowWriter : IDisposable
{
    void Write(in Flow flow);

    /// <summary>After the last one.</summary>
    void End();
}

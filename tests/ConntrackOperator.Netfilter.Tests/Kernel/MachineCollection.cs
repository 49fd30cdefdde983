namespace ConntrackOperator.Netfilter.Tests.Kernel;

/// <summary>Tests that touch or depend on the machine's own values: one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MachineCollection
{
    internal const string Name = "machine";
}

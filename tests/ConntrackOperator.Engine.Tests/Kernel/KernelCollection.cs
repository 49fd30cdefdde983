namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>Tests that write the machine's own values, or measure time: one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class KernelCollection
{
    internal const string Name = "kernel";
}

using System.Diagnostics.CodeAnalysis;

namespace ConntrackOperator.Controller.Tests.Hostile;

/// <summary>Runs when no other test does: it looks at times, and the others clear the real API server of what they find.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[SuppressMessage("Naming", "CA1711", Justification = "That is what xunit calls it.")]
public sealed class AloneCollection
{
    public const string Name = "alone";
}

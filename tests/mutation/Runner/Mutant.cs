namespace ConntrackOperator.Mutation;

/// <summary>One change of the code in one place.</summary>
/// <param name="Id">What <c>MutantSwitch.Active</c> is when this one is on.</param>
/// <param name="Path">Its file, from the project's folder.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Original">What is there.</param>
/// <param name="Replacement">What stands there instead.</param>
/// <param name="InStaticInitializer">Runs once a process, so that it can't be switched on: not tried, and counted apart.</param>
internal sealed record Mutant(int Id, string Path, int Line, string Original, string Replacement, bool InStaticInitializer)
{
    /// <summary>What is changed in which file, without the line, which moves with every change above it.</summary>
    public string Text => $"{Path}\t{Original}\t{(Replacement.Length == 0 ? "(removed)" : Replacement)}";

    /// <summary>The folder of <see cref="Path"/>; "." for the project's own.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path) is { Length: > 0 } folder ? folder : ".";
}

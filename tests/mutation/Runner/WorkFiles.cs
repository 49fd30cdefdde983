using System.Globalization;

namespace ConntrackOperator.Mutation;

/// <summary>What the processes of one run share.</summary>
/// <param name="folder">Their folder.</param>
/// <param name="project">The project, as in <c>ConntrackOperator.Planning</c>.</param>
internal sealed class WorkFiles(string folder, string project)
{
    /// <summary>The outcome of a mutant that a process began with. Where it is the last one, the process died of it.</summary>
    public const string Started = "started";

    public string Folder { get; } = folder;

    public string Project { get; } = project;

    /// <summary>The tests and all they need, with the mutated assembly among them.</summary>
    public string Binaries => Path.Combine(Folder, "bin");

    public string Tests => Path.Combine(Binaries, $"{Project}.Tests.dll");

    public string Mutated => Path.Combine(Binaries, $"{Project}.dll");

    /// <summary>Test, milliseconds, mutants that it meets.</summary>
    public string Coverage => Path.Combine(Folder, "coverage.tsv");

    /// <summary>The numbers of the mutants to try.</summary>
    public string Mutants => Path.Combine(Folder, "mutants");

    /// <summary>Mutant, outcome, test that failed.</summary>
    public string Outcomes => Path.Combine(Folder, "outcomes.tsv");

    public void Append(int id, string outcome) => File.AppendAllText(Outcomes, $"{id}\t{outcome}\n");

    /// <summary>Each mutant's last outcome: killed, survived, not reached, static.</summary>
    public Dictionary<int, string> ReadOutcomes()
    {
        var outcomes = new Dictionary<int, string>();
        foreach (var line in File.Exists(Outcomes) ? File.ReadAllLines(Outcomes) : [])
        {
            var parts = line.Split('\t');
            outcomes[int.Parse(parts[0], CultureInfo.InvariantCulture)] = parts[1] == Started ? "killed" : parts[1];
        }

        return outcomes;
    }

    public IEnumerable<int> Remaining()
    {
        var done = ReadOutcomes();
        return File.ReadAllLines(Mutants).Select(l => int.Parse(l, CultureInfo.InvariantCulture)).Where(id => !done.ContainsKey(id));
    }
}

namespace ConntrackOperator.Mutation;

/// <summary>What came out.</summary>
internal static class Report
{
    /// <summary>What the last report says was killed; a text that is there twice was killed twice.</summary>
    public static List<string> ReadKilled(string folder) => Path.Combine(folder, "report.tsv") is var report && File.Exists(report)
        ? [.. File.ReadAllLines(report).Select(line => line.Split('\t')).Where(parts => parts[0] == "killed").Select(parts =>
            $"{parts[1][..parts[1].LastIndexOf(':')]}\t{parts[2]}\t{parts[3]}")]
        : [];

    /// <summary>Prints a table by folder, and writes every mutant to a file.</summary>
    public static void Write(IReadOnlyList<Mutant> mutants, WorkFiles run)
    {
        var outcomes = run.ReadOutcomes();
        string OutcomeOf(Mutant m) => m.InStaticInitializer ? "static" : outcomes[m.Id];
        File.WriteAllLines(Path.Combine(run.Folder, "report.tsv"), mutants
            .Select(m => $"{OutcomeOf(m)}\t{m.Path}:{m.Line}\t{string.Join('\t', m.Text.Split('\t')[1..])}"));
        Console.WriteLine($"{"",-40} {"killed",8} {"survived",8} {"not reached",11} {"static",6} {"score",7}");
        foreach (var folder in mutants.GroupBy(m => m.Folder).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Row($"{run.Project}/{folder.Key}", [.. folder.Select(OutcomeOf)]);
        }

        Row(run.Project, [.. mutants.Select(OutcomeOf)]);
    }

    private static void Row(string name, IReadOnlyList<string> outcomes)
    {
        int Count(string outcome) => outcomes.Count(o => o == outcome);
        var (killed, tried) = (Count("killed"), outcomes.Count - Count("static"));
        var score = tried == 0 ? "-" : FormattableString.Invariant($"{Math.Floor(killed * 1000.0 / tried) / 10:0.0} %");
        Console.WriteLine($"{name,-40} {killed,8} {Count("survived"),8} {Count("not reached"),11} {Count("static"),6} {score,7}");
    }
}

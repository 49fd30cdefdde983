using System.Globalization;
using ConntrackOperator.Incidents.Cases;
using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents;

/// <summary>What was asked for.</summary>
internal sealed record Arguments(IReadOnlyList<Incident> Incidents, RunOptions Run, string? Table)
{
    private const string Usage = """
        incidents --cli PATH [--short] [--only NAME,...] [--ordinary] [--mixes N] [--seed N] [--after SECONDS] [--no-fix] [--keep FOLDER] [--table FILE]
          --cli PATH       the kubectl-conntrack to test
          --short          a few incidents, ordinary loads and mixes, legitimate losses counted for 5 s: about four minutes
          --only NAME,...  these incidents or ordinary loads
          --mixes N        so many mixes chosen by a seed as well (200)
          --seed N         the first mix's seed (1)
          --after SECONDS  for how long losses are counted from 10 s after the fix (60)
          --no-fix         only what is said is judged
          --keep FOLDER    keeps what was sent, true, said and done, a file an incident
          --table FILE     writes the table between the markers of this page
        """;

    private static readonly string[] _short = [
        "syn-silent", "short-connections", "nat-ports", "too-small", "ordinary-web", "ordinary-pools"];

    /// <summary>Null after an error was printed.</summary>
    internal static Arguments? Parse(string[] arguments, TextWriter errors)
    {
        string? cli = null, keep = null, table = null;
        string[]? only = null;
        int? mixes = null;
        int seed = 1;
        double? after = null;
        bool fix = true, few = false;
        try
        {
            for (var i = 0; i < arguments.Length; i++)
            {
                string Value() =>
                    ++i < arguments.Length ? arguments[i] : throw new FormatException($"{arguments[i - 1]}: a value is missing");
                switch (arguments[i])
                {
                    case "--cli": cli = Value(); break;
                    case "--short": few = true; break;
                    case "--only": only = Value().Split(','); break;
                    case "--mixes": mixes = int.Parse(Value(), NumberStyles.None, CultureInfo.InvariantCulture); break;
                    case "--seed": seed = int.Parse(Value(), NumberStyles.None, CultureInfo.InvariantCulture); break;
                    case "--after": after = double.Parse(Value(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture); break;
                    case "--no-fix": fix = false; break;
                    case "--keep": keep = Value(); break;
                    case "--table": table = Value(); break;
                    default: throw new FormatException($"{arguments[i]}: no such argument");
                }
            }

            var all = IncidentList.All.Concat(OrdinaryLoads.All).ToArray();
            only ??= few ? _short : null;
            if (only?.FirstOrDefault(name => all.All(i => i.Name != name) && name != "none") is { } unknown)
            {
                throw new FormatException($"{unknown}: no such incident; there are {string.Join(", ", all.Select(i => i.Name))}");
            }

            if (cli is null || !File.Exists(cli))
            {
                throw new FormatException($"--cli: {cli ?? "left out"}: no such program");
            }

            Incident[] incidents = [
                .. all.Where(i => only is null || only.Contains(i.Name)),
                .. Enumerable.Range(seed, mixes ?? (few ? 1 : only is null ? 200 : 0)).Select(SeededMix.Of)];
            return new(
                incidents,
                new RunOptions { Cli = cli, Fix = fix, Keep = keep, Short = few, After = TimeSpan.FromSeconds(after ?? (few ? 5 : 60)) },
                table);
        }
        catch (FormatException e)
        {
            errors.WriteLine(e.Message);
            errors.WriteLine(Usage);
            return null;
        }
    }
}

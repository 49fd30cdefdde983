using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>Which nodes a flush is for.</summary>
internal static class FlushTarget
{
    /// <summary>Reads a selector as kubectl's -l takes it: a=b, a!=b, a, !a, with commas between.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static LabelSelector Selector(string text)
    {
        var requirements = new List<LabelSelectorRequirement>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            requirements.Add(Requirement(part) ?? throw new CliException(
                ExitCode.BadInput,
                $"--selector: Invalid value: \"{text}\": must be labels such as pool=edge,zone!=a,gpu,!spot; for every node say "
                    + "--all-nodes"));
        }

        return new LabelSelector { MatchExpressions = requirements };
    }

    private static LabelSelectorRequirement? Requirement(string part)
    {
        var at = part.IndexOf('=', StringComparison.Ordinal);
        if (at < 0)
        {
            var not = part.StartsWith('!');
            var name = part.TrimStart('!');
            return name.Length == 0 || name.AsSpan().ContainsAny(" ()")
                ? null : new LabelSelectorRequirement { Key = name, Operator = not ? "DoesNotExist" : "Exists" };
        }

        var differs = at > 0 && part[at - 1] == '!';
        var key = part[..(differs ? at - 1 : at)].Trim();
        var value = part[(at + 1)..].TrimStart('=').Trim();
        return key.Length == 0 ? null : new LabelSelectorRequirement { Key = key, Operator = differs ? "NotIn" : "In", Values = [value] };
    }
}

namespace ConntrackOperator.Telemetry.Tests.Simulation;

/// <summary>What a scrape says: each metric with its type and the names of its labels.</summary>
internal static class Exposition
{
    public static Dictionary<string, (string Type, SortedSet<string> Labels)> Parse(string text)
    {
        var metrics = new Dictionary<string, (string Type, SortedSet<string> Labels)>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is ["#", "TYPE", var name, var type])
            {
                metrics.Add(name, (type, new SortedSet<string>(StringComparer.Ordinal)));
            }
            else if (line[0] != '#')
            {
                var end = line.IndexOfAny(['{', ' ']);
                var series = line[..end];
                var metric = metrics.ContainsKey(series) ? series : series[..series.LastIndexOf('_')];
                Assert.True(metrics.ContainsKey(metric), $"{series} has no type");
                if (line[end] == '{')
                {
                    foreach (var label in line[(end + 1)..line.LastIndexOf('}')].Split("\",").Select(l => l.Split('=')[0])
                        .Where(l => l != "le"))
                    {
                        metrics[metric].Labels.Add(label);
                    }
                }
            }
        }

        return metrics;
    }
}

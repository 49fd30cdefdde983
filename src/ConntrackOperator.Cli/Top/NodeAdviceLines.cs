using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Top;

/// <summary>What the agents say, node by node.</summary>
internal sealed record NodeAdviceLines
{
    public required List<TopAdvice> Advice { get; init; }

    /// <summary>All that is said of each; null where lines are enough.</summary>
    public List<AdviceOutput>? Nodes { get; init; }

    /// <summary>Nodes of which nothing is known, since their agents have not reported; null where there are none.</summary>
    public List<string>? NotReported { get; init; }

    /// <param name="format">How.</param>
    /// <param name="nothing">What to say when there is no advice.</param>
    public void Print(OutputFormat format, string nothing)
    {
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(this, TopJson.Default.NodeAdviceLines, format);
            return;
        }

        var silent = NotReported ?? [];
        if (Advice.Count + silent.Count > 0)
        {
            var table = new TextTable("NODE", "ADVICE");
            Advice.ForEach(a => table.Add(a.Node ?? "-", a.Text));
            silent.ForEach(node => table.Add(node, TopReport.NotKnown));
            table.Print();
        }

        if (Advice.Count == 0 && nothing.Length > 0)
        {
            Console.Out.WriteLine(nothing);
        }
    }
}

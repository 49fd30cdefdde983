using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Top;

/// <summary>What the agents say, node by node.</summary>
internal sealed record NodeAdviceLines
{
    public required List<TopAdvice> Advice { get; init; }

    /// <summary>All that is said of each; null where lines are enough.</summary>
    public List<AdviceOutput>? Nodes { get; init; }

    /// <param name="format">How.</param>
    /// <param name="nothing">What to say when there is no advice.</param>
    public void Print(OutputFormat format, string nothing)
    {
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(this, TopJson.Default.NodeAdviceLines, format);
            return;
        }

        if (Advice.Count == 0)
        {
            Console.Out.WriteLine(nothing);
            return;
        }

        var table = new TextTable("NODE", "ADVICE");
        Advice.ForEach(a => table.Add(a.Node ?? "-", a.Text));
        table.Print();
    }
}

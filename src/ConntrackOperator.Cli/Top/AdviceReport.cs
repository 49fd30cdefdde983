using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Top;

/// <summary>What to change, the most pressing first.</summary>
internal sealed record AdviceReport
{
    public required List<TopAdvice> Advice { get; init; }

    /// <param name="format">How.</param>
    /// <param name="nothing">What to say when there is no advice.</param>
    public void Print(OutputFormat format, string nothing)
    {
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(this, TopJson.Default.AdviceReport, format);
            return;
        }

        if (Advice.Count == 0)
        {
            Console.Out.WriteLine(nothing);
            return;
        }

        if (Advice.Exists(a => a.Node is not null))
        {
            var table = new TextTable("NODE", "ADVICE");
            Advice.ForEach(a => table.Add(a.Node ?? "-", a.Text));
            table.Print();
            return;
        }

        var full = new TextTable("SEVERITY", "FIELD", "VALUE", ">FREES", "ADVICE");
        Advice.ForEach(a => full.Add(a.Severity ?? "-", a.Field ?? "-", a.Value ?? "-", TopText.Number(a.EntriesFreed), a.Text));
        full.Print();
    }
}

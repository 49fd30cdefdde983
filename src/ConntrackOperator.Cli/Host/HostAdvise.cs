using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Engine;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host advise</c>.</summary>
internal static class HostAdvise
{
    public static async Task<int> RunAsync(
        EngineOptions options, bool full, TimeSpan watch, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        using var look = new HostLook(options, full, withRules: true, watch, time);
        var output = Output(await look.LookAsync(cancel));
        if (format == OutputFormat.Table)
        {
            Console.Out.Write(AdviceOutputText.Render(output));
        }
        else
        {
            ObjectWriter.Write(output, TopJson.Default.AdviceOutput, format);
        }

        return ExitCode.InSync;
    }

    internal static AdviceOutput Output(HostSight sight)
    {
        var (facts, reading) = (sight.Facts, sight.Reading);
        var rates = reading.Rates;
        return new AdviceOutput
        {
            Node = sight.Host.HostName,
            At = sight.Breakdown.At,
            Pressure = sight.Advice.Pressure == AdviceSeverity.Hint ? ConditionReasons.Normal : sight.Advice.Pressure.ToString(),
            Table = new AdviceTable
            {
                Entries = reading.Entries,
                Limit = reading.Limit is > 0 ? reading.Limit : null,
                NoLimit = reading.NoLimit ? true : null,
                Percent = reading.Percent,
                Looked = sight.Breakdown.Sampled,
                LookedAt = sight.Breakdown.At,
                Complete = sight.Breakdown.Complete,
                ErrorBoundPercent = Math.Round(facts.ErrorBoundPercent, 2),
                WatchedSeconds = Math.Round(facts.Watched.TotalSeconds, 2),
                NewPerSecond = facts.NewPerSecond,
                RatesOverSeconds = rates is null ? null : Math.Round(rates.Span.TotalSeconds, 1),
                LostForWantPerMinute = PacketLoss.Whole(rates?.TableFullDropsPerMinute),
                LostInRacesPerMinute = PacketLoss.Whole(rates?.RacesLostPerMinute),
                EarlyDropsPerMinute = PacketLoss.Whole(rates?.EarlyDropsPerMinute),
                InvalidPerMinute = PacketLoss.Whole(rates?.InvalidPerMinute),
                FullInSeconds = sight.Advice.FullInSeconds,
                DropsInvalid = facts.Rules.DropsInvalid,
                DropsInvalidRule = facts.Rules.DropsInvalidRule,
            },
            Findings = sight.Advice.Findings,
            NotKnown = sight.Advice.NotKnown,
            Namespaces = facts.Namespaces.Count == 0 ? null : [.. facts.Namespaces.Take(MostNamespaces)],
        };
    }

    private const int MostNamespaces = 20;
}

using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>A table whose samples are off by two points, and miss a small class.</summary>
internal sealed class FakeTable : ITableLooks
{
    internal static readonly Breakdown Usual = Looks.Sample(("ESTABLISHED", 72), ("TIME_WAIT", 28));

    private static readonly Breakdown _counted = Looks.Count(("ESTABLISHED", 70, 72), ("TIME_WAIT", 29.9, 28), ("CLOSE_WAIT", 0.1, 0));

    private int _ended;

    internal Breakdown Sampled { get; set; } = Usual;

    internal PortUse[] SampledPorts { get; set; } = [];

    internal PortUse[] CountedPorts { get; set; } = [];

    internal Action SampleTakes { get; set; } = () => { };

    internal ManualResetEventSlim? Gate { get; set; }

    internal bool Resized { get; set; }

    internal int Samples { get; private set; }

    /// <summary>What samples and counts were to find out who does what with, in order.</summary>
    internal List<TrafficSurvey?> Surveys { get; } = [];

    internal int Counts { get; private set; }

    internal bool WasCancelled { get; private set; }

    /// <summary>Whether none is being counted.</summary>
    internal bool IsStill => Volatile.Read(ref _ended) == Counts;

    public TableLook Sample(TrafficSurvey? survey)
    {
        Samples++;
        Surveys.Add(survey);
        SampleTakes();
        return Looks.Look(Sampled, SampledPorts);
    }

    public Func<CancellationToken, TableLook?> Count(TrafficSurvey? survey)
    {
        Counts++;
        return cancel =>
        {
            try
            {
                Gate?.Wait(cancel);
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }
            finally
            {
                Interlocked.Increment(ref _ended);
            }

            return Resized ? null : Looks.Look(_counted, CountedPorts);
        };
    }
}

using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Doctor.Rules;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Doctor;

/// <summary>The command <c>doctor</c>.</summary>
internal static class ClusterDoctor
{
    /// <param name="connect">Connects; called when the files are known to be valid.</param>
    /// <param name="files">Policies to be looked at as if they were applied.</param>
    /// <param name="ignored">Rules that are not asked.</param>
    /// <param name="format">How to print.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<int> RunAsync(
        Func<IClusterObjects> connect, IReadOnlyList<string> files, IReadOnlyCollection<string> ignored, OutputFormat format,
        TimeProvider time, CancellationToken cancel)
    {
        var policies = files.Count > 0 ? PolicyFile.ReadAll(files) : [];
        return Print(await ClusterGathering.ReadAsync(connect(), policies, time, cancel), ignored, format);
    }

    /// <summary>Judges, prints, and says what the process ends with.</summary>
    internal static int Print(DoctorFacts facts, IReadOnlyCollection<string> ignored, OutputFormat format)
    {
        var report = new DoctorReport
        {
            Looked = DoctorSummary.Of(facts),
            Findings = DoctorRules.Judge(facts, ignored),
            NotLooked = facts.Unread,
        };
        if (format == OutputFormat.Table)
        {
            Console.Out.Write(DoctorReportText.Render(report));
        }
        else
        {
            ObjectWriter.Write(report, DoctorJson.Default.DoctorReport, format);
        }

        return report.ExitCode();
    }
}

using System.Globalization;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host flush</c>.</summary>
internal static class HostFlush
{
    public static int Run(
        EngineOptions options, FlowMatch match, bool dryRun, bool yes, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        Terminal.RequireAnswer(dryRun || yes);
        var sysctls = new SysctlDirectory(options.SysctlPath);
        var facts = HostFacts.Read(options.ProcPath, options.SysPath);
        var timeouts = match.IdleFor is null ? null : TimeoutFile.Watch(options.StatePath, sysctls, facts, time);
        var deleter = new FlowDeleter(sysctls, time, timeouts, FilterFile.Support(options.StatePath, facts));
        if (!dryRun && !yes)
        {
            var would = Delete(deleter, match, true, time, cancel);
            if (would.Matched > 0 && !Confirmed(would, cancel))
            {
                Console.Error.WriteLine("nothing was deleted");
                return ExitCode.Failure;
            }
        }

        var result = Delete(deleter, match, dryRun, time, cancel);
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(Report(result), FlushReportJson.Default.FlushReport, format);
        }
        else
        {
            Print(result);
            if (result.MatchingIfHeld > 0)
            {
                Console.Out.WriteLine(IfHeld(result.MatchingIfHeld, timeouts!));
            }
        }

        return result.Failed > 0 || result.Offloaded > 0 || !result.Complete ? ExitCode.NotApplied : ExitCode.InSync;
    }

    private static DeleteResult Delete(FlowDeleter deleter, FlowMatch match, bool dryRun, TimeProvider time, CancellationToken cancel)
    {
        var progress = new Progress(time);
        try
        {
            return deleter.Delete(match, dryRun, new Told(progress, dryRun), cancel);
        }
        finally
        {
            progress.End();
        }
    }

    private static bool Confirmed(DeleteResult would, CancellationToken cancel)
    {
        Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"delete {would.Matched} of {would.TableEntries} entries? [y/N] "));
        return Terminal.ReadLine(cancel)?.Trim() is "y" or "Y" or "yes";
    }

    /// <summary>Says what is not known, and who can know it.</summary>
    internal static string IfHeld(long more, TimeoutWatch timeouts) => string.Create(
        CultureInfo.InvariantCulture,
        $"{more} more match if the time-outs were the same before, which have been watched for "
            + $"{IdleText.Duration(timeouts.WatchedFor ?? TimeSpan.Zero)}: when you know that, say --timeouts-held");

    private static void Print(DeleteResult result)
    {
        Console.Out.WriteLine(result.DryRun
            ? string.Create(
                CultureInfo.InvariantCulture, $"{result.Matched} of {result.TableEntries} entries match; dry run, nothing was deleted")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{About(result)}{result.Deleted} of {About(result)}{result.Matched} matching entries deleted, "
                    + $"of {result.TableEntries} in the table, in {result.Elapsed.TotalSeconds:0.00} s "
                    + $"({Rate(result.Deleted, result.Elapsed)}/s)"));
        if (result.Gone > 0)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{result.Gone} had gone by themselves, or another entry had their addresses"));
        }

        if (result.DelayP99 is { } p99 && result.DelayLongest is { } longest)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"from the last reading of an entry to deleting it: 99 % within {p99.TotalMilliseconds:0.00} ms, the longest "
                    + $"{longest.TotalMilliseconds:0.00} ms"));
        }

        if (result.AskedAgain > 0)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"asked for once more before the deletion, since it could have come over 2 ms after the reading or a time-out was changed: "
                    + $"{result.AskedAgain} times (of some entries more than once); no longer matched and stayed: {result.Kept}"));
        }

        if (result.Offloaded > 0)
        {
            Console.Out.WriteLine(FlushErrors.Offloaded(result.Offloaded));
        }

        if (result.Failed > 0)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Failed} could not be deleted: {result.Error}"));
        }

        if (result.Stopped is { } stopped)
        {
            Console.Out.WriteLine($"it ended before its end: {stopped} Run it again for the rest");
        }
        else if (!result.Complete)
        {
            Console.Out.WriteLine("the table changed while it was read, so some entries were not looked at; run it again for those");
        }
    }

    private static string About(DeleteResult result) => result.Approximate ? "about " : string.Empty;

    private static long Rate(long count, TimeSpan elapsed) => (long)(count / Math.Max(elapsed.TotalSeconds, 0.001));

    private static double? Milliseconds(TimeSpan? time) => time is { } value ? Math.Round(value.TotalMilliseconds, 3) : null;

    private static FlushReport Report(DeleteResult result) => new()
    {
        Examined = result.Examined,
        TableEntries = result.TableEntries,
        Matched = result.Matched,
        MatchingIfHeld = result.MatchingIfHeld == 0 ? null : result.MatchingIfHeld,
        Deleted = result.Deleted,
        Gone = result.Gone,
        Kept = result.Kept,
        Offloaded = result.Offloaded,
        ByKernel = result.ByKernel,
        Approximate = result.Approximate,
        AskedAgain = result.AskedAgain,
        Failed = result.Failed,
        Error = result.Error,
        DryRun = result.DryRun,
        Complete = result.Complete,
        Stopped = result.Stopped,
        Seconds = Math.Round(result.Elapsed.TotalSeconds, 3),
        DelayP99Milliseconds = Milliseconds(result.DelayP99),
        DelayLongestMilliseconds = Milliseconds(result.DelayLongest),
    };

    // Not System.Progress, which tells on another thread, when all is over.
    private sealed class Told(Progress progress, bool dryRun) : IProgress<DeleteProgress>
    {
        public void Report(DeleteProgress value) => progress.Show(value.Examined, value.TableEntries, string.Create(
            CultureInfo.InvariantCulture,
            $"{value.Examined} looked at, {value.Matched} "
                + $"match{(dryRun ? string.Empty : $", {value.Deleted} deleted, {Rate(value.Deleted, value.Elapsed)}/s")}"));
    }
}

using ConntrackOperator.Cli.Host;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Backup;

/// <summary>The command <c>host restore --from</c>: shows the difference, then takes it away.</summary>
internal static class HostRestoreFrom
{
    public static int Run(
        EngineOptions options, string path, RestoreParts asked, bool dryRun, OutputFormat format, CancellationToken cancel)
    {
        var file = BackupFile.Read(path);
        var parts = asked.For(file, path);
        if (file.Entries?.Find(line => !EntryLine.IsSafe(line)) is { } odd)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: entries: not a line that adds an entry: {odd}");
        }

        var settings = parts.Settings ? new SettingRestorer(new SysctlDirectory(options.SysctlPath), file.Settings!) : null;
        var rules = parts.Rules ? new RuleRestorer(RuleReader.Read([]), file.Rules!) : null;
        var missing = parts.Entries ? EntryTable.Missing(file.Entries!, cancel) : null;
        var report = new RestoreReport
        {
            DryRun = dryRun,
            Settings = settings?.Compare(),
            Rules = rules?.Compare(),
            Entries = missing is null ? null : new EntryDifference(file.Entries!.Count, missing.Count),
            Notes = [],
            Problems = [],
        };
        if (report.Settings is { Count: > 0 } differing)
        {
            using var look = NodeEngine.OpenReadOnly(options, TimeProvider.System);
            if (dryRun)
            {
                HostApply.Problems(look);
            }

            report.Notes.AddRange(SettingRestorer.PlannedOtherwise(look.Plan?.Spec, differing));
        }

        if (format == OutputFormat.Table)
        {
            Show(report);
        }

        if (!dryRun)
        {
            if (report.Settings is { Count: > 0 })
            {
                HostPermission.Require(options);
            }

            // Held to the end: nobody else sets the machine in between.
            using var engine = report.Settings is { Count: > 0 } ? new NodeEngine(options, TimeProvider.System) : null;
            report = Restore(options, report, file, engine, rules, missing, cancel);
        }

        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(report, BackupJson.Default.RestoreReport, format);
        }
        else
        {
            report.Problems.ForEach(Console.Out.WriteLine);
            report.Notes.ForEach(Console.Out.WriteLine);
            Console.Out.WriteLine(Summary(report));
        }

        return report.Problems.Count == 0 ? ExitCode.InSync : ExitCode.NotApplied;
    }

    private static RestoreReport Restore(
        EngineOptions options, RestoreReport report, BackupFile file, NodeEngine? engine, RuleRestorer? rules, List<string>? missing,
        CancellationToken cancel)
    {
        var problems = report.Problems;
        if (engine is not null)
        {
            HostApply.Problems(engine);
            HostApply.Try(() => report = report with { Settings = SettingRestorer.Restore(engine, report.Settings!, problems) }, problems);
        }

        if (report.Rules is { Count: > 0 })
        {
            problems.AddRange(rules!.Restore());
            problems.AddRange(problems.Count > 0 ? [] : new RuleRestorer(RuleReader.Read([]), file.Rules!).Compare().Select(left =>
                $"{left.Program}: {left.Removed.Count + left.Added.Count} lines still differ, first: "
                    + $"{left.Removed.Concat(left.Added).First()}"));
        }

        // Last, so that they meet the time-outs and the limit of the backup.
        if (missing is { Count: > 0 })
        {
            var timeouts = TimeoutFile.Watch(
                options.StatePath, new SysctlDirectory(options.SysctlPath), HostFacts.Read(options.ProcPath, options.SysPath),
                TimeProvider.System);
            if (timeouts.Loading(() => EntryTable.Add(missing)) is { } problem)
            {
                problems.Add(problem);
            }

            var still = EntryTable.Missing(missing, cancel).Count;
            report = report with { Entries = report.Entries! with { StillMissing = still } };
            if (still > 0)
            {
                problems.Add(HostReport.Number(still, "entries are still missing"));
            }
        }

        return report;
    }

    private static void Show(RestoreReport report)
    {
        if (report.Settings is { Count: > 0 } settings)
        {
            var table = new TextTable("SETTING", ">NOW", ">SAVED");
            settings.ForEach(s => table.Add(s.Name, SysctlWords.Of(s.Name, s.Before), SysctlWords.Of(s.Name, s.Saved)));
            table.Print();
            Console.Out.WriteLine();
        }

        foreach (var rules in report.Rules ?? [])
        {
            Console.Out.WriteLine($"{rules.Program}, - goes, + comes back");
            rules.Removed.ForEach(line => Console.Out.WriteLine("- " + line));
            rules.Added.ForEach(line => Console.Out.WriteLine("+ " + line));
            Console.Out.WriteLine();
        }
    }

    private static string Summary(RestoreReport report)
    {
        var parts = new List<string>();
        if (report.Settings is { } settings)
        {
            parts.Add(HostReport.Number(settings.Count, settings.Count == 1 ? "setting" : "settings"));
        }

        if (report.Rules is { } rules)
        {
            parts.Add(HostReport.Number(rules.Count, rules.Count == 1 ? "rule set" : "rule sets"));
        }

        if (report.Entries is { } entries)
        {
            parts.Add(HostReport.Number(entries.Missing, $"of {entries.Saved} entries"));
        }

        var what = parts.Count == 0 ? "nothing in the backup" : string.Join(", ", parts);
        return report.DryRun ? $"{what} would be put back; dry run, nothing was written"
            : report.Problems.Count > 0 ? $"{what} to put back; not all of it could be"
            : $"{what} put back";
    }
}

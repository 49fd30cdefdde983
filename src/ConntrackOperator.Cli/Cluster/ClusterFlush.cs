using System.Globalization;
using System.Security.Cryptography;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The command <c>flush</c>: makes a ConntrackFlush and waits for it.</summary>
internal static class ClusterFlush
{
    private static readonly TimeSpan _between = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync(
        Func<ClusterReader> connect, FlushSpec spec, bool yes, bool wait, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        var flush = new ConntrackFlush
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackFlush.KindName,
            Metadata = new ObjectMeta { Name = "flush-" + RandomNumberGenerator.GetHexString(8, lowercase: true) },
            Spec = spec,
        };
        if (FlushValidator.Validate(flush) is { Count: > 0 } errors)
        {
            throw new CliException(ExitCode.BadInput, string.Join("; ", errors));
        }

        Terminal.RequireAnswer(spec.DryRun == true || yes);
        if (spec.DryRun != true && !yes && !Confirmed(spec, cancel))
        {
            Console.Error.WriteLine("nothing was deleted");
            return ExitCode.Failure;
        }

        var cluster = connect();
        var made = await cluster.CreateFlushAsync(flush, cancel);
        if (wait)
        {
            made = await FinishedAsync(cluster, made, time, cancel);
        }

        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(
                made with { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackFlush.KindName }, ApiJson.Default.ConntrackFlush, format);
        }
        else
        {
            Print(made, wait);
        }

        return made.Status?.Phase == FlushPhase.Failed ? ExitCode.NotApplied : ExitCode.InSync;
    }

    private static bool Confirmed(FlushSpec spec, CancellationToken cancel)
    {
        Console.Error.Write(
            $"delete {(spec.Match?.All == true ? "every entry" : "the matching entries")} on "
                + $"{(spec.NodeName is { } node ? "node " + node : "all selected nodes")}? [y/N] ");
        return Terminal.ReadLine(cancel)?.Trim() is "y" or "Y" or "yes";
    }

    private static async Task<ConntrackFlush> FinishedAsync(
        ClusterReader cluster, ConntrackFlush flush, TimeProvider time, CancellationToken cancel)
    {
        var name = flush.Metadata!.Name!;
        var progress = new Progress(time);
        using var timer = new PeriodicTimer(_between, time);
        try
        {
            while (flush.Status?.Phase is not (FlushPhase.Succeeded or FlushPhase.Failed))
            {
                var nodes = flush.Status?.Nodes;
                var settled = (nodes?.Done ?? 0) + (nodes?.Failed ?? 0);
                progress.Show(settled, nodes?.Selected ?? 0, nodes is null
                    ? $"{name}: waiting for the controller"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{name}: {settled} of {nodes.Selected} nodes, {About(flush.Status)}{flush.Status?.Matched ?? 0} match, "
                            + $"{About(flush.Status)}{flush.Status?.Deleted ?? 0} deleted"));
                await timer.WaitForNextTickAsync(cancel);
                flush = await cluster.FlushAsync(name, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            progress.End();
            throw new CliException(ExitCode.Failure, $"no longer waiting; it goes on: kubectl get conntrackflush {name}");
        }
        finally
        {
            progress.End();
        }

        return flush;
    }

    private static void Print(ConntrackFlush flush, bool wait)
    {
        var name = flush.Metadata!.Name!;
        if (!wait)
        {
            Console.Out.WriteLine($"conntrackflush {name} made; kubectl get conntrackflush {name} shows how far it is");
            return;
        }

        var status = flush.Status!;
        foreach (var failure in status.Failures ?? [])
        {
            Console.Out.WriteLine($"{failure.Name}: {failure.Reason}: {failure.Message}");
        }

        // Where it was for no node there is no failure of one, and nothing to count.
        var nodes = status.Nodes;
        if (status.Phase == FlushPhase.Failed && (nodes?.Selected ?? 0) == 0
            && Condition.Find(status.Conditions, FlushConditionTypes.Failed) is { } failed)
        {
            Console.Out.WriteLine($"{name} {status.Phase}: {failed.Reason}: {failed.Message}");
            return;
        }

        var about = About(status);
        var what = flush.Spec?.DryRun == true
            ? string.Create(CultureInfo.InvariantCulture, $"{status.Matched ?? 0} entries match; dry run, nothing was deleted")
            : string.Create(
                CultureInfo.InvariantCulture, $"{about}{status.Deleted ?? 0} of {about}{status.Matched ?? 0} matching entries deleted");
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name} {status.Phase}: {what}; {nodes?.Done ?? 0} of {nodes?.Selected ?? 0} nodes done, {nodes?.Failed ?? 0} failed"));
    }

    private static string About(FlushStatus? status) => status?.Approximate == true ? "about " : string.Empty;
}

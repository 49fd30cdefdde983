using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>Reads one key and says how it stands and whether it is to be written now. Writes nothing. Not thread-safe.</summary>
internal sealed class SettingInspector(
    SysctlDirectory sysctls, string procPath, ResizeHistory resizes, TimeProvider time, IOverwriteSourceFinder culprits,
    EnforcerOptions options)
{
    /// <summary>Entries that a change of the hash table's size rehashes: those of all namespaces, where the kernel tells them.</summary>
    public long EntriesOfAll() => Math.Max(Entries() ?? 0, SlabInfo.ReadObjects(procPath) ?? 0);

    /// <summary>Reads the key and sets the tracker's state.</summary>
    /// <param name="tracker">The key.</param>
    /// <param name="limit">The tracker of nf_conntrack_max, when it is planned or being put back.</param>
    /// <param name="now">The timestamp of this pass.</param>
    /// <returns>Whether the key is to be written now.</returns>
    public bool Inspect(SettingTracker tracker, SettingTracker? limit, long now)
    {
        var read = sysctls.Read(tracker.Name);
        if (read is not { Status: SysctlStatus.Ok, Value: { } actual })
        {
            var missing = read.Status == SysctlStatus.NotSupported;
            tracker.Set(
                missing ? SettingState.NotSupported : SettingState.Failed, null,
                missing && SysctlSuggestion.For(tracker.Name) is { } meant ? $"{read.Message} Did you mean {meant}?" : read.Message);
            return false;
        }

        if (tracker.Observed)
        {
            tracker.Set(
                SettingState.Observed,
                actual, Holds(tracker, actual) ? null : $"would be set {Change(tracker, actual)}; the policy only observes");
            return false;
        }

        if (Holds(tracker, actual))
        {
            var note = actual == tracker.Target
                ? null : $"{actual} serves as well as {tracker.Target}: the hash table is not resized for that";
            tracker.Set(SettingState.InSync, actual, note);
            return false;
        }

        if (MustWait(tracker, limit, actual, now) is { } wait)
        {
            tracker.Set(wait.State, actual, wait.Message);
            return false;
        }

        tracker.Set(tracker.State, actual, tracker.Message);
        return tracker.MayTry(now, time, options);
    }

    /// <summary>From what to what, in words.</summary>
    /// <param name="tracker">The key.</param>
    /// <param name="actual">What it holds; null: not known.</param>
    internal static string Change(SettingTracker tracker, long? actual) =>
        $"from {SysctlWords.Of(tracker.Name, actual)} to {SysctlWords.Of(tracker.Name, tracker.Target)}";

    private static bool Holds(SettingTracker tracker, long actual) =>
        actual == tracker.Target
        || (tracker is { Name: SysctlNames.Buckets, Restoring: false }
            && (HoldRules.WithinAQuarter(actual, tracker.Target) || (tracker.Setting is { AtLeast: true } && actual > tracker.Target)));

    private (SettingState State, string Message)? MustWait(SettingTracker tracker, SettingTracker? limit, long actual, long now)
    {
        var hold = tracker.Name switch
        {
            SysctlNames.Max => HoldRules.Limit(actual, tracker.Target, Entries(), options.LowerBelowPercent),
            SysctlNames.Buckets => Resize(tracker, limit, actual, now),
            _ => null,
        };
        if (hold is not null)
        {
            return (SettingState.Held, hold);
        }

        return tracker.WasInSync && tracker.Contest.IsContested(now, time, options)
            && tracker.Contest.SinceLast(now, time) < options.ContestedRetry
            ? (SettingState.Contested, Contested(tracker, actual))
            : null;
    }

    private string? Resize(SettingTracker tracker, SettingTracker? limit, long actual, long now)
    {
        if (resizes.SinceLast(now) is { } since
            && HoldRules.Resize(since, resizes.LastCost ?? TimeSpan.Zero, RehashCost.Of(EntriesOfAll(), actual), options) is { } tooSoon)
        {
            return tooSoon;
        }

        // While the limit can't come down, neither may the buckets: the entries that keep it up would hang in long chains.
        return tracker.Target < actual && limit is { Observed: false } && sysctls.Read(SysctlNames.Max).Value is { } max
            && HoldRules.Limit(max, limit.Target, Entries(), options.LowerBelowPercent) is not null
            ? $"not shrunk yet: {SysctlNames.Max} can't be lowered to {limit.Target} yet either"
            : null;
    }

    private long? Entries() => sysctls.Read(SysctlNames.Count).Value;

    // Made when it begins, and when another value is found: it looks through the host's files.
    private string Contested(SettingTracker tracker, long actual) =>
        tracker is { State: SettingState.Contested, Message: { } known } && tracker.Actual == actual
            ? known
            : $"something keeps setting it to {SysctlWords.Of(tracker.Name, actual)}: put back {options.ContestedAfter} times within "
            + $"{options.ContestWindow.TotalMinutes:0} minutes, now only every {options.ContestedRetry.TotalMinutes:0}. Probably: "
            + $"{culprits.Describe(tracker.Name, actual)}";
}

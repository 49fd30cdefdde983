using System.Globalization;
using ConntrackOperator.Netfilter.Deleting;

namespace ConntrackOperator.Engine.Flushing;

/// <summary>What a deletion could not do, in words.</summary>
public static class FlushErrors
{
    /// <summary>Entries that a flow table forwards, and what they are.</summary>
    /// <param name="entries">How many.</param>
    public static string Offloaded(long entries) => string.Create(
        CultureInfo.InvariantCulture, $"{entries:N0} of them {(entries == 1 ? "is" : "are")} offloaded and can't be deleted");

    /// <summary>Everything, or null when all that matched is gone.</summary>
    /// <param name="result">What it did.</param>
    public static string? Of(DeleteResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        List<string> errors = [];
        if (result.Failed > 0)
        {
            errors.Add($"{result.Failed} entries could not be deleted: {result.Error}");
        }

        if (result.Offloaded > 0)
        {
            errors.Add(Offloaded(result.Offloaded));
        }

        if (result.Stopped is { } stopped)
        {
            errors.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"it ended after {(result.Approximate ? "about " : "")}{result.Deleted} entries were deleted: {stopped}"));
        }
        else if (!result.Complete)
        {
            errors.Add("the table changed faster than it could be read; some entries were not looked at");
        }

        return errors.Count == 0 ? null : string.Join("; ", errors);
    }
}

using System.Diagnostics;

namespace ConntrackOperator.TestKit;

/// <summary>Waits for what happens elsewhere, in real time, without a fixed sleep.</summary>
public static class Eventually
{
    // What works needs a fraction of a second. The rest is for machines that are busy with a lot else, and costs nothing.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    /// <exception cref="TimeoutException">It did not become true.</exception>
    public static Task UntilAsync(Func<bool> condition, string what = "the condition") => UntilAsync(condition, () => { }, what);

    /// <summary>Also does something between the looks, such as to advance a clock.</summary>
    /// <exception cref="TimeoutException">It did not become true.</exception>
    public static async Task UntilAsync(Func<bool> condition, Action meanwhile, string what = "the condition")
    {
        var started = Stopwatch.StartNew();
        while (!condition())
        {
            if (started.Elapsed > _patience)
            {
                throw new TimeoutException($"{what} did not come true within {_patience.TotalSeconds} s.");
            }

            meanwhile();
            await Task.Delay(5);
        }
    }
}

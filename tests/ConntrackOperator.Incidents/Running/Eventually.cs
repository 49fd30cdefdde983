namespace ConntrackOperator.Incidents.Running;

/// <summary>Waits for conditions.</summary>
internal static class Eventually
{
    /// <exception cref="TimeoutException">It did not come; the message says what there is instead.</exception>
    internal static async Task IsTrueAsync(Func<bool> condition, TimeSpan limit, Func<string> instead, CancellationToken cancel)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"after {limit.TotalSeconds:0} s: {instead()}");
            }

            await Task.Delay(100, cancel);
        }
    }
}

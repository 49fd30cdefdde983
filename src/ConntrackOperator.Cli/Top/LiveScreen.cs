using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Top;

/// <summary>Prints a report once, or draws it over and over on a terminal until it is interrupted.</summary>
internal static class LiveScreen
{
    // The alternate screen without a cursor, and back; man 4 console_codes.
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearToEndOfLine = "\e[K";
    private const string ClearBelow = "\e[J";
    private static readonly TimeSpan _keyInterval = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(
        Func<CancellationToken, Task<TopReport>> look, OutputFormat format, bool once, TimeSpan every, TimeProvider time,
        CancellationToken cancel)
    {
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(await look(cancel), TopJson.Default.TopReport, format);
            return ExitCode.InSync;
        }

        if (once || !Terminal.IsRich)
        {
            Console.Out.Write(TopText.Render(await look(cancel)));
            return ExitCode.InSync;
        }

        // The first look comes before the screen is taken, so that an error stays readable.
        var report = await look(cancel);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Console.Out.Write(Enter);
        var keys = WaitForQAsync(end, time);
        try
        {
            await DrawAsync(report, look, every, time, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // That is how it ends.
        }
        finally
        {
            await end.CancelAsync();
            await keys;
            Console.Out.Write(Leave);
        }

        return ExitCode.InSync;
    }

    /// <summary>Ends the screen when somebody presses q; without a keyboard only Ctrl-C does.</summary>
    private static async Task WaitForQAsync(CancellationTokenSource end, TimeProvider time)
    {
        if (Console.IsInputRedirected)
        {
            return;
        }

        try
        {
            while (true)
            {
                while (Console.KeyAvailable)
                {
                    if (Console.ReadKey(intercept: true).KeyChar is 'q' or 'Q')
                    {
                        await end.CancelAsync();
                        return;
                    }
                }

                await Task.Delay(_keyInterval, time, end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The screen ended otherwise.
        }
    }

    private static async Task DrawAsync(
        TopReport report, Func<CancellationToken, Task<TopReport>> look, TimeSpan every, TimeProvider time, CancellationToken cancel)
    {
        var (entries, drops, races) = (new Sparkline(), new Sparkline(), new Sparkline());
        using var timer = new PeriodicTimer(every, time);
        while (true)
        {
            entries.Add(report.Entries ?? 0);
            drops.Add(report.TableFullDropsPerMinute ?? 0);
            races.Add(report.RacesLostPerMinute ?? 0);
            Draw(
                TopText.Render(
                    report, [$"entries  {entries.Render(report.Limit)}", $"drops    {drops.Render()}", $"races    {races.Render()}"]),
                time);
            await timer.WaitForNextTickAsync(cancel);
            report = await look(cancel);
        }
    }

    private static void Draw(string text, TimeProvider time)
    {
        var (width, height) = (Math.Max(20, Console.WindowWidth), Math.Max(5, Console.WindowHeight));
        var lines = text.TrimEnd('\n').Split('\n').SelectMany(line => Wrapped(line, width)).Take(height - 1);
        var clock = time.GetLocalNow().ToString("HH:mm:ss");
        Console.Out.Write(
            Home + string.Concat(lines.Select(line => (IsHeader(line) ? $"\e[1m{line}\e[0m" : line) + ClearToEndOfLine + "\n"))
            + $"\e[2m{clock}  q ends\e[0m" + ClearToEndOfLine + ClearBelow);
    }

    private static bool IsHeader(string line) =>
        line.StartsWith("PROTOCOL ", StringComparison.Ordinal) || line.StartsWith("TOP ", StringComparison.Ordinal);

    private static IEnumerable<string> Wrapped(string line, int width) =>
        line.Length <= width ? [line] : line.Chunk(width).Select(part => new string(part));
}

using System.Collections.Concurrent;
using System.Diagnostics;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Telemetry.Tests.Simulation;

/// <summary>The agent or the controller as a process of its own, as built, with an environment of its own.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly HttpClient _http = new();

    private readonly Process _process;

    private RunningProgram(Process process, int port)
    {
        _process = process;
        Port = port;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public ConcurrentQueue<string> Lines { get; } = new();

    public int Port { get; }

    public static RunningProgram Start(
        string project, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var port = FreePort.Next();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // From its own folder, where its own assemblies are: a test host brings others.
        var built = Path.Combine(
            Repository.Root, "src", project,
            Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "ConntrackOperator.Telemetry.Tests"), AppContext.BaseDirectory));
        foreach (var argument in (string[])["exec", Path.Combine(built, program + ".dll"), "--listen", $"127.0.0.1:{port}", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("OTEL_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new RunningProgram(Process.Start(start)!, port);
    }

    /// <summary>What Prometheus would get.</summary>
    public async Task<string> ScrapeAsync()
    {
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{Port}/metrics"), TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.EnsureSuccessStatusCode().Content.Headers.ContentType?.ToString());
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Scrapes until it says this.</summary>
    public async Task<string> ScrapeUntilAsync(Func<string, bool> says, string what)
    {
        var text = string.Empty;
        try
        {
            for (var end = Stopwatch.GetTimestamp() + (30 * Stopwatch.Frequency); Stopwatch.GetTimestamp() < end; await Task.Delay(100))
            {
                try
                {
                    text = await ScrapeAsync();
                    if (says(text))
                    {
                        return text;
                    }
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                }
            }
        }
        finally
        {
            TestContext.Current.TestOutputHelper?.WriteLine(text);
        }

        throw new TimeoutException($"{what} was not scraped. The log:\n{string.Join('\n', Lines)}");
    }

    /// <summary>Asks it to stop, as a kubelet does, and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            Signals.Send(_process, Signals.Terminate);
            await _process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(90)).Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            _process.Dispose();
        }
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            Lines.Enqueue(line);
        }
    }
}

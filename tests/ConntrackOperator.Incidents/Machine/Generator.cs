using System.Diagnostics;
using System.Globalization;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>One running traffic program in a namespace.</summary>
internal sealed class Generator : IDisposable
{
    private readonly Process _process;
    private readonly Task _reader;
    private readonly Task<string> _errors;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private bool _ended;

    internal Generator(TrafficProgram program, string where, string arguments)
    {
        Arguments = arguments;
        var all = (string[])[where, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        _process = Process.Start(
            new ProcessStartInfo(program.Path, all)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        _errors = _process.StandardError.ReadToEndAsync();
        _reader = Task.Run(ReadAsync);
    }

    internal string Arguments { get; }

    /// <summary>What it printed last, such as "opened 12000 open 11800 failed 0".</summary>
    internal string Last => Lines() is [.., var last] ? last : "";

    internal List<string> Lines()
    {
        lock (_lock)
        {
            return [.. _lines];
        }
    }

    /// <summary>The number after a word of its last line.</summary>
    internal long Number(string word) =>
        Last.Split(' ') is var words && Array.IndexOf(words, word) is >= 0 and var at
            ? long.Parse(words[at + 1], CultureInfo.InvariantCulture) : 0;

    /// <summary>The percent of what it was to send by now that it has sent; 100 before it has said anything.</summary>
    internal double KeptPercent =>
        Number("wanted") is > 0 and var wanted ? 100.0 * Math.Max(Number("sent"), Number("opened")) / wanted : 100;

    /// <summary>One line to its standard input.</summary>
    internal void Order()
    {
        _process.StandardInput.WriteLine("ping");
        _process.StandardInput.Flush();
    }

    /// <exception cref="InvalidOperationException">It ended by itself, which no generator does.</exception>
    internal void MustRun()
    {
        if (!_ended && _process.HasExited)
        {
            throw new InvalidOperationException($"traffic {Arguments}: exit code {_process.ExitCode}: {_errors.Result.Trim()}");
        }
    }

    public void Dispose()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;

        // Each of its processes ends with its standard input; the last one ends what they print.
        _process.StandardInput.Close();
        _process.WaitForExit();
        _reader.Wait();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_lock)
            {
                _lines.Add(line);
            }
        }
    }
}

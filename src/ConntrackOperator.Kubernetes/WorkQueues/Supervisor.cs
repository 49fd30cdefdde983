using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>
/// Runs the parts of a program side by side. The first that ends or fails ends all: a program that has died in one part must not go on
/// saying that all is well.
/// </summary>
/// <remarks>
/// Guarantee: <see cref="RunAsync"/> returns only when cancelled, and then, as when it throws, all parts have ended. A part that does
/// not end within the patience after it was told to ends the process instead: nobody could tell what it still does.
/// </remarks>
/// <param name="log">Told why it ends.</param>
/// <param name="time">The clock; null: the system's.</param>
public sealed class Supervisor(ILogger log, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>How long parts have to end once they were told to. 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends the process at once, with a message. <see cref="Environment.FailFast(string)"/> unless said otherwise.</summary>
    public Action<string> EndProcess { get; init; } = Environment.FailFast;

    /// <summary>Runs the parts until cancelled.</summary>
    /// <param name="parts">What runs, each with its name for the log.</param>
    /// <param name="cancellationToken">Stops all parts.</param>
    /// <exception cref="PartEndedException">A part ended though nobody had asked it to, or failed.</exception>
    public async Task RunAsync(IEnumerable<(string Name, Func<CancellationToken, Task> Run)> parts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parts);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = parts.Select(part => (part.Name, Task: StartAsync(part.Run, all.Token))).ToList();
        var first = await Task.WhenAny(running.Select(part => part.Task));
        PartEndedException? failure = null;
        Task? told = null;
        if (!cancellationToken.IsCancellationRequested)
        {
            told = first;
            failure = Ended(running.First(part => part.Task == first), isAsked: false);
            log.PartEnded(failure!.InnerException, failure.Message);
        }

        await all.CancelAsync();
        using (var enough = new CancellationTokenSource())
        {
            await Task.WhenAny(Task.WhenAll(running.Select(part => part.Task)), Task.Delay(Patience, _time, enough.Token));
            await enough.CancelAsync();
        }

        if (running.Where(part => !part.Task.IsCompleted).Select(part => part.Name).ToList() is { Count: > 0 } left)
        {
            var message = $"{string.Join(", ", left)} did not end within {Patience.TotalSeconds:0.#} s of being told to"
                + (failure is null ? "" : $", which was because {failure.Message}");
            log.PartEnded(failure, message);
            EndProcess(message);
        }

        foreach (var part in running)
        {
            if (part.Task.IsCompleted && part.Task != told && Ended(part, isAsked: true) is { } another)
            {
                log.PartEnded(another.InnerException, another.Message);
                failure ??= another;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private static async Task StartAsync(Func<CancellationToken, Task> run, CancellationToken cancellationToken) =>
        await run(cancellationToken);

    /// <summary>What there is to say of a part that has ended; null: it did as it was told.</summary>
    private static PartEndedException? Ended((string Name, Task Task) part, bool isAsked)
    {
        var cause = part.Task.Exception?.GetBaseException();
        return isAsked && cause is null ? null
            : new(
                part.Name,
                cause ?? (part.Task.IsCanceled ? new OperationCanceledException("it gave up though nobody had asked it to") : null));
    }
}

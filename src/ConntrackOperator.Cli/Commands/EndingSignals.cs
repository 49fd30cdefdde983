using System.Runtime.InteropServices;

namespace ConntrackOperator.Cli.Commands;

/// <summary>
/// SIGINT and SIGTERM: the first asks the command to end, which has some time for it; the second, or the end of that time, ends the
/// process with 128 and the signal's number.
/// </summary>
internal sealed class EndingSignals : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly List<PosixSignalRegistration> _registered;
    private readonly TimeSpan _mayTake;
    private Timer? _ending;
    private int _signals;

    public EndingSignals(TimeSpan mayTake)
    {
        _mayTake = mayTake;
        _registered =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Take(signal, 130)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Take(signal, 143)),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    public void Dispose()
    {
        _registered.ForEach(registered => registered.Dispose());
        _ending?.Dispose();
        _asked.Dispose();
    }

    private void Take(PosixSignalContext signal, int code)
    {
        signal.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
        {
            Environment.Exit(code);
        }

        _ending = new Timer(_ => Environment.Exit(code), null, _mayTake, Timeout.InfiniteTimeSpan);
        _asked.Cancel();
    }
}

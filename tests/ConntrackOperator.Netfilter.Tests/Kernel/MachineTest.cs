using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Kernel;

/// <summary>
/// Each test holds the machine's lock. The size of the table belongs to the whole machine: while another test lowers it, the
/// kernel's garbage collector takes entries without a reply out of every namespace's table that is fuller than 95 % of it,
/// and while one resizes the buckets a dump may miss entries or show them twice.
/// </summary>
public abstract class MachineTest : IAsyncLifetime
{
    private MachineLock? _machine;

    public async ValueTask InitializeAsync() =>
        _machine = NetworkNamespace.Missing is null ? await MachineLock.TakeAsync(TestContext.Current.CancellationToken) : null;

    public ValueTask DisposeAsync()
    {
        _machine?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

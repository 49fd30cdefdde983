using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Tests.Kernel;

/// <summary>
/// Held by whoever changes the machine's own values (nf_conntrack_max, nf_conntrack_buckets), against every other process
/// too: FileShare.None is an flock. Puts both back when it is let go.
/// </summary>
internal sealed class MachineLock : IDisposable
{
    private readonly FileStream file;
    private readonly SysctlDirectory sysctls = new();
    private readonly long max;
    private readonly long buckets;

    private MachineLock(FileStream file)
    {
        this.file = file;
        max = sysctls.Read(SysctlNames.Max).Value ?? throw new InvalidOperationException("nf_conntrack_max can't be read");
        buckets = sysctls.Read(SysctlNames.Buckets).Value ?? throw new InvalidOperationException("nf_conntrack_buckets can't be read");
    }

    internal static async Task<MachineLock> TakeAsync(CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), "conntrack-operator-machine.lock");
        while (true)
        {
            try
            {
                return new MachineLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
            }
        }
    }

    public void Dispose()
    {
        if (sysctls.Read(SysctlNames.Buckets).Value != buckets)
        {
            sysctls.Write(SysctlNames.Buckets, buckets);
        }

        var restored = sysctls.Write(SysctlNames.Max, max);
        file.Dispose();
        Assert.Equal(SysctlStatus.Ok, restored.Status);
    }
}

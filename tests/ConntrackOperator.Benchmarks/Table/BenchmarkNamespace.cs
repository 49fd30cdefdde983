using System.Runtime.InteropServices;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>A named network namespace, and a thread inside it: a namespace belongs to a thread.</summary>
internal sealed partial class BenchmarkNamespace : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;

    internal BenchmarkNamespace()
    {
        Name = $"conntrack-benchmark-{Environment.ProcessId}";
        Shell.Run("ip", "netns", "add", Name);
    }

    internal string Name { get; }

    /// <summary>The command, run inside.</summary>
    internal string Inside(string command) => $"exec ip netns exec {Name} {command}";

    /// <summary>Runs a function on a thread inside.</summary>
    internal T Run<T>(Func<T> function)
    {
        T result = default!;
        Exception? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle("/run/netns/" + Name);
                if (setns(file, CLONE_NEWNET) != 0)
                {
                    throw new InvalidOperationException($"setns: errno {Marshal.GetLastPInvokeError()}");
                }

                result = function();
            }
            catch (Exception e)
            {
                error = e;
            }
        });
        thread.Start();
        thread.Join();
        return error is null ? result : throw new InvalidOperationException(error.Message, error);
    }

    public void Dispose() => Shell.Run("ip", "netns", "del", Name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeHandle file, int type);
}

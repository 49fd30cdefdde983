using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Xunit;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>
/// A network namespace of its own. A namespace belongs to a thread, so one dedicated thread lives in it and runs whatever a
/// test gives it; programs started there inherit it. It is gone when the thread ends.
/// </summary>
public sealed partial class NetworkNamespace : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;

    private readonly System.Collections.Concurrent.BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public NetworkNamespace()
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = "namespace" };
        _thread.Start();
        Run(
            () => unshare(CLONE_NEWNET) == 0
                ? true : throw new InvalidOperationException($"unshare: errno {Marshal.GetLastPInvokeError()}"));
    }

    /// <summary>The thread that lives in it, by which <c>ip link … netns</c> finds it.</summary>
    public int ThreadId => Run(gettid);

    /// <summary>Why namespaces can't be made here, or null when they can.</summary>
    public static string? Missing { get; } = FindMissing();

    public static void Require(params string[] programs)
    {
        Assert.SkipUnless(Missing is null, Missing ?? "");
        foreach (var program in programs)
        {
            Assert.SkipUnless(
                new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Any(d => File.Exists(Path.Combine(d, program))),
                $"The program {program} is not installed.");
        }
    }

    public T Run<T>(Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? error = null;
        using var done = new ManualResetEventSlim();
        _work.Add(() =>
        {
            try
            {
                result = function();
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                done.Set();
            }
        });
        done.Wait();
        error?.Throw();
        return result;
    }

    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs a program inside; its standard output. Fails the test when it fails.</summary>
    public string Execute(string program, string arguments, string? input = null) => Run(() => ExecuteHere(program, arguments, input));

    /// <summary>The same, from a function that already runs inside.</summary>
    public string ExecuteHere(string program, string arguments, string? input = null)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input ?? "");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything; its exit code says why.
        }

        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {arguments}: exit {process.ExitCode}: {errors.Result}");
        return output.Result;
    }

    /// <summary>Brings loopback up and makes the kernel track what is sent over it.</summary>
    public void TrackLoopback()
    {
        Execute("ip", "link set lo up");
        Execute("nft", "-f -", """
            table inet tracking {
              chain out { type filter hook output priority 0; policy accept; ct state new counter accept; }
            }
            """);
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private static string? FindMissing()
    {
        if (Environment.GetEnvironmentVariable("WITHOUT_KERNEL") is { Length: > 0 })
        {
            return "WITHOUT_KERNEL is set: only what needs no kernel of its own is run.";
        }

        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return "Needs root on Linux: makes network namespaces.";
        }

        try
        {
            using var probe = new NetworkNamespace();
            return probe.Run(() => File.Exists("/proc/sys/net/netfilter/nf_conntrack_max"))
                ? null
                : "The nf_conntrack module is not loaded.";
        }
        catch (InvalidOperationException e)
        {
            return $"No network namespace can be made here: {e.Message}";
        }
    }

    private void Loop()
    {
        foreach (var item in _work.GetConsumingEnumerable())
        {
            item();
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc")]
    private static partial int gettid();
}

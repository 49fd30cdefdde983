using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>The most memory that reading a table has resident, in a process that does nothing else, beside the tool's.</summary>
internal static class PeakMemory
{
    private const string Nothing = "nothing";
    private const string Scan = "scan";
    private const string Flows = "flows";

    /// <summary>Forgets this process's peak.</summary>
    /// <returns>What is resident now, bytes.</returns>
    internal static long Restart()
    {
        File.WriteAllText("/proc/self/clear_refs", "5");
        return Status("self", "VmRSS:");
    }

    /// <summary>The most that this process had resident since <see cref="Restart"/>, bytes.</summary>
    internal static long OfThis() => Status("self", "VmHWM:");

    internal static void Print(BenchmarkNamespace space)
    {
        Console.WriteLine();
        Console.WriteLine("the most resident memory, MiB (the runtime with its JIT is in all but the tool's)");
        Print("a process that reads nothing", Own(space, Nothing));
        Print("full scan, ctnetlink", Own(space, Scan));
        Print("every entry as text (flows)", Own(space, Flows));
        Print("conntrack -L", Tool(space));
    }

    /// <summary>What the process of its own does: reads, and prints its peak in bytes.</summary>
    internal static int Run(string what)
    {
        if (what == Scan)
        {
            new TableScanner(FlowSource.Ctnetlink).Scan(new TimeoutWatch().Clock(assumeHeld: true));
        }
        else if (what == Flows)
        {
            Write();
        }

        Console.WriteLine(OfThis().ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static void Write()
    {
        using var output = File.OpenWrite("/dev/null");
        var (formatter, buffer) = (new FlowFormatter(FlowFormat.Tool), new ArrayBufferWriter<byte>(1 << 17));
        new FlowReader(FlowSource.Ctnetlink).Read(FlowFilter.All, (in Flow flow) =>
        {
            formatter.WriteLine(flow, buffer);
            if (buffer.WrittenCount > 1 << 16)
            {
                output.Write(buffer.WrittenSpan);
                buffer.ResetWrittenCount();
            }

            return true;
        });
        output.Write(buffer.WrittenSpan);
    }

    private static long Own(BenchmarkNamespace space, string what) => long.Parse(
        Shell.Run("ip", ["netns", "exec", space.Name, Environment.ProcessPath!, .. Dll(), "peak", what]), CultureInfo.InvariantCulture);

    // By its own program where there is one, else by dotnet.
    private static string[] Dll() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(PeakMemory).Assembly.Location] : [];

    /// <summary>Looked at while it writes: what it had resident when it ended is gone with it.</summary>
    private static long Tool(BenchmarkNamespace space)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", space.Name, "conntrack", "-L"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        var (peak, buffer) = (0L, new byte[1 << 16]);
        while (process.StandardOutput.BaseStream.Read(buffer) > 0)
        {
            peak = Math.Max(peak, Status(process.Id.ToString(CultureInfo.InvariantCulture), "VmHWM:"));
        }

        process.WaitForExit();
        return peak;
    }

    private static void Print(string name, long bytes) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-56} {bytes / 1048576.0,8:F1}"));

    /// <returns>0 for a process that has just ended.</returns>
    private static long Status(string process, string name) =>
        File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? 1024 * long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            : 0;
}

using System.Diagnostics;
using System.Globalization;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Fills a namespace's table with entries that are the same each time.</summary>
internal static class TableLoader
{
    private static readonly string[] _states =
        ["ESTABLISHED", "ESTABLISHED", "ESTABLISHED", "TIME_WAIT", "TIME_WAIT", "SYN_SENT", "CLOSE_WAIT"];

    /// <summary>A fifth UDP to port 53, the rest TCP to 443 in a fixed mix of states.</summary>
    internal static void Load(string name, int entries)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", name, "conntrack", "-R", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        var random = new Random(1);
        for (var i = 0; i < entries; i++)
        {
            process.StandardInput.WriteLine(Command(i, random));
        }

        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(errors.Result);
        }
    }

    private static string Command(int i, Random random)
    {
        var addresses = $"-s 10.{(i >> 16) & 255}.{(i >> 8) & 255}.{i & 255} -d 192.168.{random.Next(256)}.{random.Next(1, 255)} --sport "
            + $"{1024 + (i % 60000)}";
        var state = _states[random.Next(_states.Length)];
        return i % 5 == 0
            ? $"-A -p udp {addresses} --dport 53 -t 3600"
            : $"-A -p tcp {addresses} --dport 443 --state {state} -t 3600 -u {(state == "SYN_SENT" ? "SEEN_REPLY" : "ASSURED")}";
    }
}

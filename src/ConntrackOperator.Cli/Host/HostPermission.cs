using System.Globalization;
using ConntrackOperator.Engine;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Host;

/// <summary>Whether this process may set the machine; asked before anything is done.</summary>
internal static class HostPermission
{
    // linux/capability.h
    private const int CapNetAdmin = 12;

    /// <summary>Ends the command when nothing could be written, saying what is lacking.</summary>
    /// <exception cref="CliException">Something is lacking.</exception>
    public static void Require(EngineOptions options)
    {
        var sysctls = new SysctlDirectory(options.SysctlPath);
        var keys = sysctls.List();
        if (keys.Count > 0 && !keys.Any(sysctls.IsWritable))
        {
            throw new CliException(ExitCode.Failure, Lacking(options.SysctlPath));
        }

        // Without the module there is no key to ask; the settings will need the same then.
        if (keys.Count == 0 && !Environment.IsPrivilegedProcess && !HasNetAdmin())
        {
            throw new CliException(ExitCode.Failure, Lacking(options.SysctlPath));
        }
    }

    private static string Lacking(string directory)
    {
        var who = $"this runs as {Environment.UserName}{(HasNetAdmin() ? ", with CAP_NET_ADMIN" : ", without CAP_NET_ADMIN")}";
        var mount = IsReadOnlyMount(directory) ? $", and {directory} is mounted read-only" : string.Empty;
        return $"no key of {directory} can be written: {who}{mount}. It takes root or CAP_NET_ADMIN, and {directory} writable; try sudo";
    }

    private static bool HasNetAdmin()
    {
        const string field = "CapEff:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(
                line.AsSpan(field.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var capabilities)
            && (capabilities & (1UL << CapNetAdmin)) != 0;
    }

    private static bool IsReadOnlyMount(string directory)
    {
        // The longest mount point that holds the directory; man 5 proc_pid_mountinfo.
        var best = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Where(f => f.Length > 5 && Holds(f[4], directory))
            .MaxBy(f => f[4].Length);
        return best is not null && best[5].Split(',').Contains("ro");
    }

    private static bool Holds(string mount, string directory) =>
        mount == "/" || directory == mount || directory.StartsWith(mount + "/", StringComparison.Ordinal);
}

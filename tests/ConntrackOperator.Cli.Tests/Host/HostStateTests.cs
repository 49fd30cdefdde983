using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Tests.Host;

/// <summary>What becomes of what was there before when the state directory is shared, or loses a file.</summary>
public sealed class HostStateTests
{
    [Fact]
    public void Another_namespace_with_the_same_state_directory_costs_nobody_what_was_there_before()
    {
        using var host = new TestHost();
        using var other = new TestHost();
        other[SysctlNames.UdpTimeout] = 44;
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        Assert.Equal(0, host.Run("apply", "-f", file).ExitCode);
        Assert.Contains("applied   NoPlan", Other("status").Output, StringComparison.Ordinal);
        Assert.StartsWith("nothing to restore", Other("restore").Output, StringComparison.Ordinal);
        Assert.Equal(0, Other("apply", "-f", file).ExitCode);
        Assert.Equal((20, 20), (host[SysctlNames.UdpTimeout], other[SysctlNames.UdpTimeout]));

        Assert.Matches(@"\nnf_conntrack_udp_timeout +30 +20 +20 +InSync ", host.Run("status").Output);
        var restored = host.Run("restore");
        Assert.Matches(@"\nnf_conntrack_udp_timeout +20 +30 +30 +Restored ", restored.Output);
        Assert.Equal((0, 30L), (restored.ExitCode, host[SysctlNames.UdpTimeout]));
        Assert.Matches(@"\nnf_conntrack_udp_timeout +44 +20 +20 +InSync ", Other("status").Output);
        Assert.Equal((0, 44L), (Other("restore").ExitCode, other[SysctlNames.UdpTimeout]));

        CliResult Other(params string[] arguments) =>
            other.Shell(CliProcess.Program, ["host", .. arguments, "--state-dir", host.State]);
    }

    [Fact]
    public void Where_the_file_of_what_was_there_is_gone_apply_and_status_warn_and_restore_fails()
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        host.Run("apply", "-f", file);
        var originals = Path.Combine(host.State, "originals.json");
        File.Delete(originals);
        var lost = $"{originals} was lost in this boot, so what keys held that it knew of is not known";
        var nothing = host.Run("restore");
        Assert.Equal((1, 20L), (nothing.ExitCode, host[SysctlNames.UdpTimeout]));
        Assert.StartsWith($"error: {lost}. Nothing was put back", nothing.Error, StringComparison.Ordinal);
        Assert.Equal($"warning: {lost}\n", host.Run("status").Error);

        host[SysctlNames.UdpTimeout] = 31;
        Assert.Equal($"warning: {lost}\n", host.Run("apply", "-f", file).Error);
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
        var some = host.Run("restore");
        Assert.Equal((1, 31L), (some.ExitCode, host[SysctlNames.UdpTimeout]));
        Assert.EndsWith(
            $"error: {lost}. What is known was put back; a reboot sets everything back\n", some.Error, StringComparison.Ordinal);

        // As the message says.
        File.Delete(originals);
        File.Delete(Path.Combine(host.State, "owner.json"));
        Assert.Equal(0, host.Run("restore").ExitCode);
    }
}

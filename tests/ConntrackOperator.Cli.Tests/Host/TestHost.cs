using System.Diagnostics;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Cli.Tests.Host;

/// <summary>A network namespace as a host: its own time-outs, the machine's size read-only; with a state directory of its own.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly NetworkNamespace _network;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    internal TestHost()
    {
        NetworkNamespace.Require();
        _network = new NetworkNamespace();
    }

    internal string State => Path.Combine(_root.FullName, "state");

    internal string Root => _root.FullName;

    internal NetworkNamespace Network => _network;

    internal string File(string name, string content)
    {
        var path = Path.Combine(_root.FullName, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <summary>`host` with these arguments and this state directory.</summary>
    internal CliResult Run(params string[] arguments) => RunWith(null, arguments);

    internal CliResult RunWith(string? input, params string[] arguments) =>
        _network.Run(() => CliProcess.RunWith(input, null, CliProcess.Program, ["host", .. arguments, "--state-dir", State]));

    /// <summary>
    /// `host` with these arguments, for commands that only look: those that tell idle times keep in the state directory what they saw.
    /// </summary>
    internal CliResult Look(params string[] arguments) => _network.Run(() => CliProcess.RunWith(
        null, null, CliProcess.Program,
        ["host",
        .. arguments, .. arguments is ["flows" or "flush" or "top" or "advise", ..] ? ["--state-dir", State] : Array.Empty<string>()]));

    internal CliResult ShellWith(string input, string program, params string[] arguments) =>
        _network.Run(() => CliProcess.RunWith(input, null, program, arguments));

    internal CliResult Shell(string program, params string[] arguments) =>
        _network.Run(() => CliProcess.RunWith(null, null, program, arguments));

    internal Process Start(params string[] arguments) =>
        _network.Run(() => CliProcess.Start(null, CliProcess.Program, ["host", .. arguments, "--state-dir", State]));

    internal long this[string key]
    {
        get => _network.Run(() => new SysctlDirectory().Read(key).Value!.Value);
        set => _network.Run(() => Assert.Equal(SysctlStatus.Ok, new SysctlDirectory().Write(key, value).Status));
    }

    public void Dispose()
    {
        _network.Dispose();
        _root.Delete(recursive: true);
    }
}

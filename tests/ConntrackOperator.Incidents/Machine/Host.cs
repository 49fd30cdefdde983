namespace ConntrackOperator.Incidents.Machine;

/// <summary>Runs commands as somebody who is logged in on the router, with kubectl-conntrack on the PATH.</summary>
internal sealed class Host
{
    private const string State = "/var/lib/conntrack-operator";

    private readonly TrafficProgram _program;
    private readonly Topology _topology;
    private readonly Dictionary<string, string> _environment;

    internal Host(TrafficProgram program, Topology topology, string cli)
    {
        _program = program;
        _topology = topology;

        // A machine that nothing was applied to yet.
        var state = Path.Combine(program.Folder, "state");
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }

        Directory.CreateDirectory(state);
        var bin = Directory.CreateDirectory(Path.Combine(program.Folder, "bin")).FullName;
        Script(bin, "kubectl-conntrack", $"exec '{Path.GetFullPath(cli)}' \"$@\"");

        // What kubectl does with a plugin.
        Script(
            bin, "kubectl",
            "[ \"$1\" = conntrack ] || { echo \"kubectl: no cluster here: $*\" >&2; exit 1; }\nshift\nexec kubectl-conntrack \"$@\"");
        Directory.CreateDirectory(State);
        _environment = new()
        {
            ["PATH"] = $"{bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["STATE"] = state,
            ["STATE_AT"] = State,
        };
    }

    /// <summary>A shell command, as it is printed.</summary>
    internal ShellResult Shell(string command) =>
        Machine.Shell.Try(_program.Path, [_topology.Router, "enter", "/bin/sh", "-c", command], environment: _environment);

    private static void Script(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, "#!/bin/sh\n" + text + "\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}

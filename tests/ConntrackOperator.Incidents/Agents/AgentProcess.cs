using System.Diagnostics;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Incidents.Advising;
using ConntrackOperator.Incidents.Machine;

namespace ConntrackOperator.Incidents.Agents;

/// <summary>What an agent on the router reports.</summary>
internal sealed class AgentProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _reader;
    private readonly Lock _lock = new();
    private NodeStatus? _latest;
    private DateTimeOffset? _before;

    internal AgentProcess(TrafficProgram program, Topology topology)
    {
        var state = Directory.CreateDirectory(Path.Combine(program.Folder, "agent-" + Guid.NewGuid().ToString("N"))).FullName;
        var start = new ProcessStartInfo(program.Path, [topology.Router, "enter", Environment.ProcessPath!, AgentLoop.Argument, state])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_TieredCompilation"] = "0";
        _process = Process.Start(start)!;
        _reader = Task.Run(ReadAsync);
    }

    /// <summary>The last report of a look after a time that had one to compare with, so that rates are known; null: none yet.</summary>
    internal NodeStatus? After(DateTimeOffset time)
    {
        lock (_lock)
        {
            return _before >= time ? _latest : null;
        }
    }

    /// <summary>A report as what is judged.</summary>
    internal static Advice Of(NodeStatus status) => new()
    {
        Pressure = status.Conditions?.Find(c => c.Type == "Pressure")?.Reason ?? "",
        Findings =
        [
            .. (status.Findings ?? []).Select(f => new Finding
            {
                Cause = f.Cause ?? "",
                Severity = f.Severity ?? "",
                Text = f.Text ?? "",
                Seen = f.Seen ?? [],
                Because = f.Because,
                Who = [
                    .. (f.Who ?? []).Select(
                        w => new Culprit
                        {
                            Role = w.Role,
                            Address = w.Address,
                            Network = w.Network,
                            Port = w.Port,
                            Name = w.Name,
                            Pid = w.Pid,
                            Entries = w.Entries,
                        })],
                Now = [.. (f.Now ?? []).Select(s => new Step(s.What, s.Run is null ? null : string.Join('\n', s.Run), null))],
                Sufficient = f.Sufficient ?? false,
                Elsewhere = f.Elsewhere,
            }),
        ],
    };

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _reader.Wait();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var status = JsonSerializer.Deserialize(line, ApiJson.Default.ConntrackNode)!.Status;
            lock (_lock)
            {
                (_before, _latest) = (_latest?.ReportedAt, status);
            }
        }
    }
}

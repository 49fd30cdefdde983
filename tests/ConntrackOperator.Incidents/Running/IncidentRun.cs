using System.Globalization;
using System.Text.RegularExpressions;
using ConntrackOperator.Incidents.Advising;
using ConntrackOperator.Incidents.Agents;
using ConntrackOperator.Incidents.Cases;
using ConntrackOperator.Incidents.Machine;
using ConntrackOperator.Incidents.Pages;

namespace ConntrackOperator.Incidents.Running;

/// <summary>Stages one incident, asks the program, does what it says, and counts what legitimate traffic lost.</summary>
internal sealed partial class IncidentRun(Incident incident, TrafficProgram program, RunOptions options) : IDisposable
{
    private const double LeastRatePercent = 90;

    private readonly Outcome _outcome = new(incident);
    private readonly Topology _topology = new(program);
    private readonly List<Generator> _servers = [];
    private readonly List<Generator> _traffic = [];
    private readonly List<string> _log = [];
    private Host? _host;
    private AgentProcess? _agent;
    private DateTimeOffset _reached;
    private LegitimateTraffic? _legitimate;

    internal static async Task<Outcome> RunAsync(Incident incident, TrafficProgram program, RunOptions options, CancellationToken cancel)
    {
        // Held for one incident at a time, so that others who test on this machine get their turn.
        using var limit = await LoweredLimit.SetAsync(incident.Limit, cancel);
        var begun = System.Diagnostics.Stopwatch.StartNew();
        using var run = new IncidentRun(incident, program, options);
        try
        {
            await run.StageAsync(cancel);
            await run.AskAsync(cancel);
            await run.AskAgentAsync(cancel);
            run.RequireRate();

            // Of what was begun in the last seconds it is not known yet whether it is lost.
            run._outcome.During = run._legitimate!.Between(run._reached, DateTimeOffset.UtcNow.AddSeconds(-2.6));
            if (options.Fix && run._outcome.Advice is { Findings.Count: > 0 })
            {
                await run.FixAsync(cancel);
            }
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            run._outcome.NotStaged = e.Message;
        }

        run.Keep();
        run._outcome.Lasted = begun.Elapsed;
        return run._outcome;
    }

    public void Dispose()
    {
        _agent?.Dispose();
        _legitimate?.Dispose();
        _traffic.ForEach(g => g.Dispose());
        _servers.ForEach(g => g.Dispose());
        _topology.Dispose();
    }

    private async Task StageAsync(CancellationToken cancel)
    {
        foreach (var (name, value) in incident.Settings)
        {
            Topology.Set(_topology.Router, "netfilter.nf_conntrack_" + name, value);
        }

        if (incident.Rules is { } rules)
        {
            _topology.RouterRules(rules);
        }

        _host = new Host(program, _topology, options.Cli);
        // On a busy machine an agent looks seldom: the short form does not wait for it.
        _agent = incident.OnlyAdvice || options.Short ? null : new AgentProcess(program, _topology);
        _servers.Add(
            new(
                program, _topology.Servers,
                "serve tcp=8080:echo,6379:echo,9000:stream,5432:hold "
                    + "udp=53:echo,443:echo,27015:sink,4789:sink,8472:sink,6081:sink,51820:sink"));
        _servers.Add(new(program, _topology.Outside, "serve tcp=80:echo,443:echo"));
        _servers.Add(new(program, _topology.Pod, "serve tcp=80:echo,5432:hold"));
        await Eventually.IsTrueAsync(
            () => _servers.All(s => s.Last == "ready"), TimeSpan.FromSeconds(20), () => "the servers are not ready", cancel);
        _legitimate = new(program, _topology, incident.MoreLegitimate);
        await _legitimate.EstablishAsync(_topology, cancel);
        if (incident.Page is not null)
        {
            // Pages and samples are for machines that have been looked at before: since when the time-outs are what they are is known.
            Say("kubectl-conntrack host top --once");
        }

        if (!incident.OnlyAdvice)
        {
            var calm = DateTimeOffset.UtcNow;
            await Task.Delay(3500, cancel);
            _outcome.Before = _legitimate.Between(calm, DateTimeOffset.UtcNow);
        }

        var filled = incident.InPod ? _topology.Pod : _topology.Router;
        _traffic.AddRange(incident.Traffic.Select(t => new Generator(program, _topology.Clients, t)));
        await Task.Delay(TimeSpan.FromSeconds(incident.AtLeast), cancel);
        await Eventually.IsTrueAsync(
            () => KernelTruth.Count(filled) >= incident.Reaches, TimeSpan.FromSeconds(90),
            () => $"{KernelTruth.Count(filled)} entries of {incident.Reaches}; {string.Join("; ", _traffic.Select(g => g.Last))}", cancel);
        incident.Then?.Invoke(_topology, _traffic);
        _reached = DateTimeOffset.UtcNow;
        await Task.Delay(2000, cancel);
        RequireLimit();
        _outcome.Truth = $"{string.Join("; ", _traffic.Select(g => g.Last))}; {KernelTruth.Of(filled)}";
        _log.Add($"{incident.Name}: {incident.Title}\ntraffic: {string.Join("\n         ", incident.Traffic)}\ntrue: {_outcome.Truth}");
    }

    private Task AskAsync(CancellationToken cancel) => Task.Run(
        () =>
        {
            if (!incident.OnlyAdvice)
            {
                _outcome.Took = _outcome.Took with
                {
                    Status = Say("kubectl-conntrack host status").Took.TotalSeconds,
                    Top = Say("kubectl-conntrack host top --once").Took.TotalSeconds,
                };
            }

            if (options.Keep is not null && !incident.OnlyAdvice)
            {
                // For whoever mends a rule: what people are told, and the figures.
                Say("kubectl-conntrack host top --once -o json");
                Say("kubectl-conntrack host advise");
            }

            var json = Say("kubectl-conntrack host advise -o json");
            RequireLimit();
            _outcome.Took = _outcome.Took with { Advise = json.Took.TotalSeconds };
            _outcome.Advice = Read(json);
            _outcome.Wrong = _outcome.Advice is { } advice
                ? [.. Judge.Wrong(incident, advice)] : ["host advise -o json printed nothing that can be read"];
        },
        cancel);

    // What an agent on the node reports by itself, of a look after the incident was there.
    private async Task AskAgentAsync(CancellationToken cancel)
    {
        if (_agent is null)
        {
            return;
        }

        var since = _reached.AddSeconds(2);
        await Eventually.IsTrueAsync(
            () => _agent.After(since) is not null, TimeSpan.FromSeconds(90), () => "no report of an agent", cancel);
        var report = AgentProcess.Of(_agent.After(since)!);
        _outcome.Agent = report.Of(Topology.Prefix);
        _outcome.AgentWrong = [.. Judge.Wrong(incident, _outcome.Agent)];
        _log.Add("the agent's report:\n" + string.Join("\n\n", report.Findings.Select(f =>
            $"{f.Severity} {f.Cause}: {f.Text}\n{string.Join("\n", f.Seen)}\n"
                + $"{string.Join("\n", f.Now.Select(s => $"# {s.What}\n{s.Run}"))}")));
    }

    private async Task FixAsync(CancellationToken cancel)
    {
        var started = DateTimeOffset.UtcNow;
        var precious = incident.PreciousPort is not null ? StayingOpen() : 0;
        var evicted = _legitimate!.WithoutEntry(_topology!);
        var findings = _outcome.Advice!.Findings.Where(f => f.Severity != "Hint").ToArray();
        var commands = incident.Page is { } page
            ? PageOf(page)
            : findings.SelectMany(f => f.Now).Concat(findings.SelectMany(f => f.ForGood)).Where(s => s.Run is { Length: > 0 })
            .Select(s => s.Run!).Distinct().ToArray();
        foreach (var command in commands.SelectMany(Followed).ToArray())
        {
            var result = Say(command);
            if (result.ExitCode != 0)
            {
                _outcome.Failed.Add(
                    $"{command.Split('\n')[0]}: exit code {result.ExitCode}: {(result.Errors + result.Output).Trim().Split('\n')[0]}");
            }
        }

        _outcome.Commands = commands.Length;
        if (incident.Page is null && !findings.All(f => f.Sufficient))
        {
            // What the advice sends one to do elsewhere: the traffic ends at its source.
            _outcome.StoppedElsewhere = true;
            _traffic.ForEach(g => g.Dispose());
            foreach (var command in findings.SelectMany(f => f.Now).Where(s => s.Run is { Length: > 0 }).Select(s => s.Run!).Distinct()
                .SelectMany(Followed).ToArray())
            {
                Say(command);
            }
        }

        await Task.Delay(TimeSpan.FromSeconds(10), cancel);
        var (from, lost) = (DateTimeOffset.UtcNow, Backlog.Lost());
        _legitimate!.UseQuietOnes();
        await Task.Delay(options.After, cancel);
        var to = DateTimeOffset.UtcNow;

        // The last ones are lost for certain after their patience, the quiet ones broken after theirs.
        await Task.Delay(TimeSpan.FromSeconds(Math.Max(3, 9 - options.After.TotalSeconds)), cancel);
        _legitimate.MustRun();
        if (Backlog.Lost() - lost is > 0 and var more)
        {
            _outcome.Disturbed = $"this machine lost {more} packets between its devices while losses were counted";
        }

        _outcome.After = _legitimate.Between(from, to);
        _outcome.BrokenByFix = Math.Max(0, _legitimate.Between(started, DateTimeOffset.UtcNow).Broken - evicted);
        if (incident.PreciousPort is { } port && !_outcome.StoppedElsewhere)
        {
            _outcome.BrokenByFix += Math.Max(0, precious - StayingOpen());
        }

        _log.Add(
            $"legitimate lost before {_outcome.Before}, during {_outcome.During}, from 10 s after the fix {_outcome.After}; broken by "
                + $"the fix {_outcome.BrokenByFix}; without an entry before it {evicted}\n"
            + $"each, by seconds after the first command was begun: {_legitimate.LossesSince(started)}\n"
            + $"{(_outcome.StoppedElsewhere ? "the traffic was stopped at its source\n" : "")}{KernelTruth.Of(_topology.Router)}");
    }

    // Connections of the incident's own that are meant to last.
    private long StayingOpen() =>
        _traffic.Where(g => !g.Arguments.Contains("then=close", StringComparison.Ordinal)).Sum(g => g.Number("open"));

    private void RequireRate()
    {
        if (_traffic.Find(g => g.KeptPercent < LeastRatePercent) is { } slow && !options.Short)
        {
            throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a generator sent only {slow.KeptPercent:0} % of what it should have: {slow.Arguments}"));
        }
    }

    private void RequireLimit()
    {
        if (incident.Limit is { } limit && LoweredLimit.Now is var now && now != limit)
        {
            throw new InvalidOperationException($"somebody else on this machine has set nf_conntrack_max to {now}");
        }
    }

    // Where the advice is to ask again elsewhere (in a pod's namespace), what is said there is done there.
    private IEnumerable<string> Followed(string command)
    {
        yield return command;
        if (AskThere().Match(command) is { Success: true } ask && Read(Say(command + " -o json")) is { } there)
        {
            foreach (var step in there.Findings.SelectMany(f => f.Now).Where(s => s.Run is { Length: > 0 }))
            {
                yield return $"{ask.Groups[1].Value}sh -c '{step.Run!.Replace("'", "'\''", StringComparison.Ordinal)}'";
            }
        }
    }

    [GeneratedRegex(@"^kubectl[ -]conntrack host (?!top|advise)")]
    private static partial Regex OtherCommand();

    [GeneratedRegex(@"^((?:ip netns exec|nsenter) .+ )kubectl[ -]conntrack host advise$")]
    private static partial Regex AskThere();

    // Its files are put where the commands are run.
    private string[] PageOf(string page)
    {
        var text = File.ReadAllText(Path.Combine(TestKit.Repository.Root, page));
        if (page.EndsWith(".yaml", StringComparison.Ordinal))
        {
            return [.. SampleCommands.Of(text)];
        }

        foreach (var (name, yaml) in PageCommands.Files(text))
        {
            File.WriteAllText(Path.Combine(program.Folder, name), yaml);
        }

        return [.. PageCommands.Of(text).Select(command => $"cd {program.Folder} && {command}")];
    }

    private ShellResult Say(string command)
    {
        var result = _host!.Shell(command);
        if (OtherCommand().IsMatch(command))
        {
            _outcome.SlowestOther = Math.Max(_outcome.SlowestOther, result.Took.TotalSeconds);
        }

        _log.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"$ {command}\n{result.Output}{result.Errors}[exit code {result.ExitCode}, {result.Took.TotalSeconds:0.00} s]"));
        return result;
    }

    private static Advice? Read(ShellResult json)
    {
        try
        {
            return json.ExitCode == 0 ? Advice.Parse(json.Output).Of(Topology.Prefix) : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private void Keep()
    {
        if (options.Keep is { } folder)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(
                Path.Combine(folder, incident.Name + ".txt"),
                string.Join(
                    "\n\n",
                    [.. _log, .. _outcome.Wrong.Select(w => "WRONG " + w), .. _outcome.AgentWrong.Select(w => "WRONG of the agent: " + w),
                    .. _outcome.Failed.Select(f => "FAILED " + f), _outcome.NotStaged ?? ""]) + "\n");
        }
    }
}

using System.CommandLine;
using ConntrackOperator.Cli.Backup;
using ConntrackOperator.Cli.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The commands that look into this machine's table, and those that change what is in it.</summary>
internal sealed partial class CommandTree
{
    private const long MostWatchSeconds = 600;

    private readonly Option<bool> _full = new("--full") { Description = "Look at every entry, not at a sample of 50,000." };

    private Command HostTop()
    {
        var once = new Option<bool>("--once") { Description = "Print once and end; as when the output is not a terminal." };
        var command = new Command(
            "top",
            "Shows what fills this machine's table: protocols and states with their idle times, top sources, destinations and ports, and "
                + "what to change. Live on a terminal.")
        {
            _full, once, _output, _sysctls, _state,
        };
        command.SetAction((result, cancel) => Host.HostTop.RunAsync(
            Engine(result), result.GetValue(_full), result.GetValue(once), result.GetValue(_output), TimeProvider.System, cancel));
        _examples[command] = "$0 host top\n$0 host top --once --full\n$0 host top -o json | jq '.sources[0]'";
        return command;
    }

    private Command HostAdvise()
    {
        var watch = new Option<TimeSpan>("--watch")
        {
            Description = "Time between the two looks that tell what is new: 1s to 10m; 1s when left out.",
            HelpName = "DURATION",
            DefaultValueFactory = _ => TimeSpan.FromSeconds(1),
            CustomParser = argument =>
            {
                var text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : string.Empty;
                if (KubeDuration.TryParse(text, out var seconds, out var allowed) && seconds <= MostWatchSeconds)
                {
                    return TimeSpan.FromSeconds(seconds);
                }

                argument.AddError($"--watch: Invalid value: \"{text}\": {(allowed.Length > 0 ? allowed : "must be 1s to 10m")}");
                return default;
            },
        };
        var command = new Command(
            "advise",
            "Says why this machine's table fills up or loses packets: a finding for each cause with what was seen, whose it is, and the "
                + "commands that mend it in the order that works.")
        {
            _full, watch, _output, _sysctls, _state,
        };
        command.SetAction((result, cancel) => Host.HostAdvise.RunAsync(
            Engine(result), result.GetValue(_full), result.GetValue(watch), result.GetValue(_output), TimeProvider.System, cancel));
        _examples[command] = "$0 host advise\n$0 host advise --watch 30s\n$0 host advise -o json | jq -r '.findings[0].now[].run'";
        return command;
    }

    private Command HostFlows()
    {
        var match = new MatchOptions();
        var mark = new Option<string?>("--mark")
        {
            Description = "The mark, or the mark in the bits of a mask; decimal, or hexadecimal after 0x.",
            HelpName = "MARK[/MASK]",
        };
        var family = new Option<string?>("--family")
        {
            Description = "The version of IP.",
            HelpName = "ipv4|ipv6",
            CustomParser = OptionParsers.OneOf("--family", "ipv4", "ipv6"),
        };
        Suggest(family, () => ["ipv4", "ipv6"]);
        var limit = new Option<long?>("--limit")
        {
            Description = "End after so many entries.",
            HelpName = "N",
            CustomParser = OptionParsers.Count("--limit"),
        };
        string[] formats = ["line", "proc", "jsonl", "json", "yaml", "table"];
        var output = new Option<string?>("--output", "-o")
        {
            CustomParser = OptionParsers.OneOf("--output", formats),
            Description =
                "line: as `conntrack -L -o extended,id,ktimestamp` prints it; proc: as /proc/net/nf_conntrack; jsonl: an object a line.",
            HelpName = "line|proc|jsonl|json|yaml|table",
            DefaultValueFactory = _ => "line",
        };
        Suggest(output, () => formats);
        var source = new Option<string?>("--source-of")
        {
            Description = "Where the table is read. Left out: ctnetlink, or /proc where that is not there.",
            HelpName = "ctnetlink|proc",
            CustomParser = OptionParsers.OneOf("--source-of", "ctnetlink", "proc"),
        };
        Suggest(source, () => ["ctnetlink", "proc"]);
        var command = new Command(
            "flows", "Prints the entries of this machine's table, one after the other as the kernel gives them. Needs root.");
        match.AddTo(command);
        foreach (var option in (Option[])[mark, family, limit, output, source, _state])
        {
            command.Options.Add(option);
        }

        command.SetAction((result, cancel) => Task.FromResult(HostFlowsCommand.Run(
            Engine(result),
            new FlowFilter
            {
                Match = match.ForHost(result, result.GetValue(family)),
                Family = result.GetValue(family) switch { "ipv4" => FlowFamily.IPv4, "ipv6" => FlowFamily.IPv6, _ => FlowFamily.Any },
            }.WithMark(result.GetValue(mark)),
            result.GetValue(source) switch { "ctnetlink" => FlowSource.Ctnetlink, "proc" => FlowSource.Proc, _ => FlowSource.Automatic },
            result.GetValue(output)!,
            result.GetValue(limit) ?? long.MaxValue,
            cancel)));
        _examples[command] =
            "$0 host flows --protocol tcp --state CLOSE_WAIT\n$0 host flows --source 10.42.0.0/16 --idle-for 1h -o table\n$0 host flows "
                + "-o jsonl | jq -r .original.destination | sort | uniq -c | sort -rn | head";
        return command;
    }

    private Command HostFlush()
    {
        var match = new MatchOptions();
        var all = new Option<bool>("--all")
        {
            Description = "Every entry of the table. Connections go on, but translated ones (NAT) break.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only count what matches." };
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Do not ask. Needed where nobody can be asked: in a script, a pipe, cron.",
        };
        var command = new Command(
            "flush",
            "Deletes entries of this machine's table: those that all given conditions hold for. Rules stay as they are. Needs root.");
        match.AddTo(command);
        foreach (var option in (Option[])[all, dryRun, yes, _output, _state])
        {
            command.Options.Add(option);
        }

        command.SetAction((result, cancel) =>
        {
            var selected = match.ForHost(result);
            MatchOptions.RequireChoice(selected.IsEmpty, result.GetValue(all));
            return Task.FromResult(
                Host.HostFlush.Run(
                    Engine(result), selected, result.GetValue(dryRun), result.GetValue(yes), result.GetValue(_output), TimeProvider.System,
                    cancel));
        });
        _examples[command] =
            "$0 host flush --protocol tcp --state TIME_WAIT --dry-run\n$0 host flush --protocol tcp --state ESTABLISHED --idle-for 6h\n"
                + "$0 host flush --source 203.0.113.7 --unreplied --yes\n$0 host flush --protocol udp --reply-src 10.244.1.7";
        return command;
    }

    private Command HostBackup()
    {
        var file = new Argument<string>("FILE") { Description = "The file to write; an existing one is replaced." };
        var entries = new Option<bool>("--entries") { Description = "The table's entries too." };
        var command = new Command(
            "backup",
            "Saves the settings and the rule sets (iptables, ip6tables, nft, as far as they are there) in one JSON file, and the entries "
                + "if asked. Needs root.")
        {
            file, entries, _sysctls,
        };
        command.SetAction((result, cancel) => Task.FromResult(HostBackupCommand.Run(
            Engine(result), result.GetValue(file)!, result.GetValue(entries), TimeProvider.System, cancel)));
        _examples[command] =
            "$0 host backup before.json\n$0 host backup before.json --entries\n$0 host restore --from before.json --dry-run";
        return command;
    }

    private Command HostRestore()
    {
        var from = new Option<string?>("--from")
        {
            Description =
                "Put back what `host backup` saved in this file. Left out: what the kernel held before the first change since boot.",
            HelpName = "FILE",
        };
        var settings = new Option<bool>("--settings")
        {
            Description = "With --from: the settings. None of the three: all that the file has.",
        };
        var rules = new Option<bool>("--rules") { Description = "With --from: the rule sets." };
        var entries = new Option<bool>("--entries") { Description = "With --from: the entries; those that are there already stay." };
        var dryRun = new Option<bool>("--dry-run") { Description = "With --from: only show the difference." };
        var command = new Command(
            "restore",
            "Puts back what the kernel held before the first change since boot, and forgets the plan; or what a backup holds. Of a plan in "
                + "force that is all, also what `onDelete: Keep` would leave; what was left so by an earlier plan stays. Needs root.")
        {
            from, settings, rules, entries, dryRun, _output, _sysctls, _state,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(from) is null
                && ((Option<bool>[])[settings, rules, entries, dryRun]).FirstOrDefault(result.GetValue) is { } option)
            {
                result.AddError($"{option.Name}: goes with --from FILE only");
            }
        });
        command.SetAction((result, cancel) => Task.FromResult(result.GetValue(from) is { } file
            ? HostRestoreFrom.Run(
                Engine(result),
                file,
                new RestoreParts(result.GetValue(settings), result.GetValue(rules), result.GetValue(entries)),
                result.GetValue(dryRun),
                result.GetValue(_output),
                cancel)
            : Host.HostRestore.Run(Engine(result), result.GetValue(_output))));
        _examples[command] = "$0 host restore\n$0 host restore --from before.json --dry-run\n$0 host restore --from before.json --rules";
        return command;
    }
}

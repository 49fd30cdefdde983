using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The options that say which entries are meant: the same for reading, for deleting here, and for deleting in a cluster.</summary>
internal sealed class MatchOptions
{
    private readonly Option<string?> _protocol = new("--protocol", "-p")
    {
        Description = "The protocol, by name (tcp, udp, icmp, sctp, gre, esp ...) or by number.",
        HelpName = "NAME|NUMBER",
    };
    private readonly Option<string[]> _states = new("--state")
    {
        Description = "A state, such as TIME_WAIT; may be given several times, and one of them must hold.",
        HelpName = "STATE",
    };
    private readonly Option<string?> _unreplied = new("--unreplied")
    {
        Description = "Entries that have had no reply; --unreplied=false: those that have. SYN_RECV has had one: --state SYN_RECV.",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "true|false",
    };
    private readonly Option<string?> _source = new("--source", "-s")
    {
        Description = "The network, or the address, that the original source is in.",
        HelpName = "CIDR",
    };
    private readonly Option<string?> _destination = new("--destination", "-d")
    {
        Description = "The same for the original destination, before address translation.",
        HelpName = "CIDR",
    };
    private readonly Option<int?> _sourcePort = PortOption("--sport", "The original source port.");
    private readonly Option<int?> _port = PortOption("--dport", "The original destination port.");
    private readonly Option<string?> _replySource = new("--reply-src")
    {
        Description =
            "The network, or the address, that answers come from: what the destination was translated to, such as the pod behind a "
                + "Service's address.",
        HelpName = "CIDR",
    };
    private readonly Option<string?> _replyDestination = new("--reply-dst")
    {
        Description = "The network, or the address, that answers go to: what the source was translated to.",
        HelpName = "CIDR",
    };
    private readonly Option<int?> _replySourcePort = PortOption(
        "--reply-sport", "The port that answers come from: what the destination port was translated to.");
    private readonly Option<int?> _replyDestinationPort = PortOption(
        "--reply-dport", "The port that answers go to: what the source port was translated to.");
    private readonly TrackerOptions _tracker = new();
    private readonly Option<string?> _zone = new("--zone")
    {
        Description = "The zone, of both directions or of one; 0: entries without a zone.",
        HelpName = "ZONE",
    };
    private readonly Option<string?> _idle = new("--idle-for")
    {
        Description = "No packet for at least this long, for certain: 30s, 10m, 24h.",
        HelpName = "DURATION",
    };
    private readonly Option<bool> _held = new("--timeouts-held")
    {
        Description =
            "With --idle-for: you know that the time-outs had been the same since the boot, or for long enough, before this program "
                + "first saw them.",
    };

    public MatchOptions()
    {
        _unreplied.CompletionSources.Add(_ => [new CompletionItem("false"), new CompletionItem("true")]);
        _protocol.CompletionSources.Add(_ => FlowProtocols.Names.Select(n => new CompletionItem(n)));
        _states.CompletionSources.Add(
            _ => FlowStates.Of(6).Concat(FlowStates.Of(132)).Concat(FlowStates.Of(17)).Distinct().Select(s => new CompletionItem(s)));
    }

    public void AddTo(Command command, bool forHost = true)
    {
        if (forHost)
        {
            command.Options.Add(_held);
        }

        Option[] all =
        [
            _protocol, _states, _unreplied, _source, _destination, _sourcePort, _port, _replySource, _replyDestination, _replySourcePort,
            _replyDestinationPort,
            .. _tracker.All, _zone, _idle,
        ];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The match for this machine; empty when no option is given.</summary>
    /// <param name="result">What was typed.</param>
    /// <param name="family">The IP version that was asked for as well: ipv4 or ipv6.</param>
    /// <exception cref="CliException">A value is not understood, or two can't hold for one entry.</exception>
    public FlowMatch ForHost(ParseResult result, string? family = null)
    {
        RequireOneVersion(result, family);
        byte? protocol = null;
        if (result.GetValue(_protocol) is { } name)
        {
            protocol = FlowProtocols.TryParse(name, out var number)
                ? number
                : throw CliException.InvalidValue(
                    "--protocol", name, $"must be one of {string.Join(", ", FlowProtocols.Names)}, or a number from 0 to 255");
        }

        var states = States(result);
        foreach (var state in states)
        {
            if (!FlowStates.IsKnown(state, protocol))
            {
                throw CliException.InvalidValue("--state", state, protocol is { } of && FlowStates.Of(of) is { Count: 0 }
                    ? $"{FlowProtocols.Name(of)} has no states"
                    : $"must be one of {string.Join(", ", FlowStates.Of(protocol ?? 6))}");
            }
        }

        var held = result.GetValue(_held);
        if (held && result.GetValue(_idle) is null)
        {
            throw new CliException(ExitCode.BadInput, "--timeouts-held: goes with --idle-for only");
        }

        return new FlowMatch
        {
            TimeoutsHeld = held,
            Protocol = protocol,
            States = states,
            Unreplied = Unreplied(result),
            Source = Network("--source", result.GetValue(_source)),
            Destination = Network("--destination", result.GetValue(_destination)),
            SourcePort = Port(result, _sourcePort, protocol),
            DestinationPort = Port(result, _port, protocol),
            ReplySource = Network("--reply-src", result.GetValue(_replySource)),
            ReplyDestination = Network("--reply-dst", result.GetValue(_replyDestination)),
            ReplySourcePort = Port(result, _replySourcePort, protocol),
            ReplyDestinationPort = Port(result, _replyDestinationPort, protocol),
            Icmp = _tracker.Icmp(result, protocol),
            ReplyIcmp = _tracker.ReplyIcmp(result, protocol),
            Gre = _tracker.Gre(result, protocol),
            ReplyGre = _tracker.ReplyGre(result, protocol),
            Zone = Zone(result),
            IdleFor = result.GetValue(_idle) is { } idle
                ? KubeDuration.TryParse(idle, out var seconds, out var allowed)
                ? TimeSpan.FromSeconds(seconds) : throw CliException.InvalidValue("--idle-for", idle, allowed)
                : null,
        };
    }

    /// <summary>The match as it stands in a ConntrackFlush, checked as the API server would.</summary>
    /// <exception cref="CliException">It is not valid.</exception>
    public FlushMatch ForCluster(ParseResult result, bool all)
    {
        var states = States(result);
        var match = new FlushMatch
        {
            Protocol = result.GetValue(_protocol) is { } name ? ApiProtocol(name) : null,
            States = states.Length == 0 ? null : [.. states],
            Unreplied = Unreplied(result),
            Source = result.GetValue(_source),
            Destination = result.GetValue(_destination),
            SourcePort = result.GetValue(_sourcePort),
            DestinationPort = result.GetValue(_port),
            ReplySource = result.GetValue(_replySource),
            ReplyDestination = result.GetValue(_replyDestination),
            ReplySourcePort = result.GetValue(_replySourcePort),
            ReplyDestinationPort = result.GetValue(_replyDestinationPort),
            Icmp = _tracker.IcmpForCluster(result),
            Gre = _tracker.GreForCluster(result),
            Zone = Zone(result),
            IdleFor = result.GetValue(_idle),
            All = all ? true : null,
        };
        RequireChoice(match with { All = null } == new FlushMatch(), all);
        var errors = FlushValidator.Validate(match, "match");
        return errors.Count == 0 ? match : throw new CliException(ExitCode.BadInput, string.Join("; ", errors));
    }

    /// <summary>Everything is only deleted by someone who says so, and nobody who says so means less.</summary>
    /// <exception cref="CliException">The one or the other.</exception>
    public static void RequireChoice(bool empty, bool all)
    {
        if (empty != all)
        {
            throw new CliException(ExitCode.BadInput, empty
                ? "say which entries, such as --protocol tcp --state TIME_WAIT; to delete every entry of the table say --all"
                : "--all goes with no other condition");
        }
    }

    // By itself the option means true; System.CommandLine gives null for both "not given" and "given without a value".
    private bool? Unreplied(ParseResult result) => result.GetResult(_unreplied) is not { Implicit: false } ? null
        : result.GetValue(_unreplied) is not { } text ? true
        : bool.TryParse(text, out var unreplied) ? unreplied
        : throw CliException.InvalidValue("--unreplied", text, "must be true or false");

    private static Option<int?> PortOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "PORT",
        CustomParser = OptionParsers.Number(name, 1, ushort.MaxValue),
    };

    private string[] States(ParseResult result) =>
        [.. (result.GetValue(_states) ?? []).SelectMany(s => s.Split(',')).Select(s => s.ToUpperInvariant())];

    // With a protocol that has none the match would be empty, whatever is in the table: that is a slip.
    private static ushort? Port(ParseResult result, Option<int?> option, byte? protocol) =>
        result.GetValue(option) is not { } port ? null
        : port is <= 0 or > ushort.MaxValue
        ? throw CliException.InvalidValue(option.Name, port.ToString(), RuleMessages.Range(1, ushort.MaxValue))
        : protocol is { } given && !FlowProtocols.HasPorts(given)
        ? throw new CliException(ExitCode.BadInput, $"{option.Name}: {RuleMessages.PortNeedsProtocol}")
        : (ushort)port;

    private ushort? Zone(ParseResult result) =>
        result.GetValue(_zone) is not { } text ? null
        : ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var zone) ? zone
        : throw CliException.InvalidValue("--zone", text, RuleMessages.Range(0, ushort.MaxValue));

    // Names in any case, spelt as a ConntrackFlush spells them; what is no protocol goes on as it is, and is refused with the rest.
    private static ProtocolValue ApiProtocol(string text) =>
        byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? ProtocolValue.Of(number)
        : ProtocolValue.Of(
            FlushMatch.ProtocolNames.FirstOrDefault(name => string.Equals(name, text, StringComparison.OrdinalIgnoreCase)) ?? text);

    // A match that no entry can have is a slip.
    private void RequireOneVersion(ParseResult result, string? family)
    {
        var given = new[] { _source, _destination, _replySource, _replyDestination }
            .Select(option => (option.Name, Text: result.GetValue(option)))
            .Where(network => network.Text is not null)
            .Select(network => (Words: $"{network.Name} {network.Text}", IsIPv6: network.Text!.Contains(':', StringComparison.Ordinal)))
            .ToList();
        if (family is not null)
        {
            given.Insert(0, ($"--family {family}", family == "ipv6"));
        }

        var other = given.FindIndex(network => network.IsIPv6 != given[0].IsIPv6);
        if (other > 0)
        {
            throw new CliException(
                ExitCode.BadInput, $"{given[0].Words} and {given[other].Words}: are of two IP versions, and no entry has both");
        }
    }

    // As the API server reads it in a ConntrackFlush: a network with bits after its prefix is a slip, and more would be deleted than was
    // meant.
    private static FlowNetwork? Network(string option, string? text) =>
        text is null ? null
        : NetworkSyntax.IsAddressOrNetwork(text) && FlowNetwork.TryParse(text, out var network) ? network
        : throw CliException.InvalidValue(option, text, RuleMessages.Network);
}

using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Validation;

/// <summary>
/// Checks a flush without a cluster: refuses what the CustomResourceDefinition's schema and rules refuse, in the same words.
/// </summary>
public static class FlushValidator
{
    private static readonly string[] _protocolsWithPorts = ["TCP", "UDP", "UDPLite", "SCTP", "DCCP"];

    // The numbers of those whose name matters here (IANA): they have ports, states or fields.
    private static readonly Dictionary<long, string> _numbers = new()
    {
        [1] = "ICMP",
        [6] = "TCP",
        [17] = "UDP",
        [33] = "DCCP",
        [47] = "GRE",
        [58] = "ICMPv6",
        [132] = "SCTP",
        [136] = "UDPLite",
    };

    private static readonly Dictionary<string, (IReadOnlyList<string> States, string Message)> _statesOf = new(StringComparer.Ordinal)
    {
        ["TCP"] = (FlushStates.Tcp, RuleMessages.StatesOfTcp),
        ["SCTP"] = (FlushStates.Sctp, RuleMessages.StatesOfSctp),
        ["DCCP"] = (FlushStates.Dccp, RuleMessages.StatesOfDccp),
        ["UDP"] = (FlushStates.Udp, RuleMessages.StatesOfUdp),
        ["UDPLite"] = (FlushStates.Udp, RuleMessages.StatesOfUdp),
        ["GRE"] = (FlushStates.Gre, RuleMessages.StatesOfGre),
    };

    /// <summary>
    /// Checks a flush's spec. Types, unknown fields and the object's name are not looked at here: they are settled before there is a flush.
    /// </summary>
    /// <param name="flush">The flush.</param>
    /// <returns>All that is wrong, in the order of the fields; empty when the flush is valid.</returns>
    public static IReadOnlyList<FieldError> Validate(ConntrackFlush flush)
    {
        ArgumentNullException.ThrowIfNull(flush);
        if (flush.Spec is not { } spec)
        {
            return [new("spec", string.Empty, FieldError.RequiredMessage)];
        }

        var errors = new List<FieldError>();
        if (spec is { NodeSelector: not null, NodeName: not null })
        {
            errors.Add(new("spec", string.Empty, RuleMessages.OneNodeChoice));
        }
        else if (spec is { NodeSelector: null, NodeName: null })
        {
            errors.Add(new("spec", string.Empty, RuleMessages.NodesNeeded));
        }

        SelectorValidator.Check(spec.NodeSelector, "spec.nodeSelector", errors);
        if (spec.NodeName is { } name && !ObjectNames.IsValid(name))
        {
            errors.Add(new("spec.nodeName", JsonText.Quote(name), RuleMessages.ObjectName));
        }

        if (spec.Match is null)
        {
            errors.Add(new("spec.match", string.Empty, FieldError.RequiredMessage));
        }
        else
        {
            errors.AddRange(Validate(spec.Match, "spec.match"));
        }

        CheckRange("spec.ttlSecondsAfterFinished", spec.TtlSecondsAfterFinished, 0, FlushSpec.MaximumTtlSeconds, errors);
        return errors;
    }

    /// <summary>Checks which entries are meant, wherever that is written.</summary>
    /// <param name="match">The conditions.</param>
    /// <param name="path">The field that holds them, such as spec.match.</param>
    /// <returns>All that is wrong, in the order of the fields; empty when the match is valid.</returns>
    public static IReadOnlyList<FieldError> Validate(FlushMatch match, string path)
    {
        ArgumentNullException.ThrowIfNull(match);
        ArgumentNullException.ThrowIfNull(path);
        var errors = new List<FieldError>();
        var hasCondition = match with { All = null } != new FlushMatch();
        if (!hasCondition && match.All != true)
        {
            errors.Add(new(path, string.Empty, RuleMessages.MatchEmpty));
        }

        if (match.Protocol is { } protocol && protocol.Number is not (>= 0 and <= byte.MaxValue)
            && !FlushMatch.ProtocolNames.Contains(protocol.Text))
        {
            errors.Add(
                new(path + ".protocol", protocol.Text is { } text ? JsonText.Quote(text) : protocol.ToString(), RuleMessages.Protocol));
        }

        string?[] networks = [match.Source, match.Destination, match.ReplySource, match.ReplyDestination];
        if (networks.OfType<string>().Select(network => network.Contains(':', StringComparison.Ordinal)).Distinct().Count() > 1)
        {
            errors.Add(new(path, string.Empty, RuleMessages.OneIpVersion));
        }

        var name = ProtocolName(match.Protocol);
        CheckStates(match.States, name, path + ".states", errors);
        CheckNetwork(path + ".source", match.Source, errors);
        CheckNetwork(path + ".destination", match.Destination, errors);
        CheckPort(path + ".sourcePort", match.SourcePort, name, errors);
        CheckPort(path + ".destinationPort", match.DestinationPort, name, errors);
        CheckNetwork(path + ".replySource", match.ReplySource, errors);
        CheckNetwork(path + ".replyDestination", match.ReplyDestination, errors);
        CheckPort(path + ".replySourcePort", match.ReplySourcePort, name, errors);
        CheckPort(path + ".replyDestinationPort", match.ReplyDestinationPort, name, errors);
        CheckIcmp(match.Icmp, name, path + ".icmp", errors);
        CheckGre(match.Gre, name, path + ".gre", errors);
        CheckRange(path + ".zone", match.Zone, 0, ushort.MaxValue, errors);
        if (match.IdleFor is { } idle && !KubeDuration.TryParse(idle, out _, out var allowed))
        {
            errors.Add(new(path + ".idleFor", JsonText.Quote(idle), allowed));
        }

        if (hasCondition && match.All == true)
        {
            errors.Add(new(path + ".all", "true", RuleMessages.AllIsAlone));
        }

        return errors;
    }

    private static string? ProtocolName(ProtocolValue? protocol) =>
        protocol is not { } value ? null
        : value.Number is { } number ? _numbers.GetValueOrDefault(number)
        : value.Text;

    private static void CheckStates(List<string>? states, string? protocol, string path, List<FieldError> errors)
    {
        if (states is null)
        {
            return;
        }

        if (states.Count == 0)
        {
            errors.Add(new(path, string.Empty, RuleMessages.StatesEmpty));
        }
        else if (states.Count > FlushMatch.MaximumStates)
        {
            errors.Add(new(path, Text(states.Count), RuleMessages.TooMany(FlushMatch.MaximumStates)));
        }

        var unknown = states.FindIndex(state => !FlushStates.All.Contains(state));
        if (unknown >= 0)
        {
            errors.Add(new(
                $"{path}[{unknown}]", JsonText.Quote(states[unknown] ?? string.Empty),
                protocol is not null && _statesOf.TryGetValue(protocol, out var those)
                    ? those.Message : RuleMessages.Choices(FlushStates.All)));
        }
        else if (protocol is null || !_statesOf.TryGetValue(protocol, out var of))
        {
            errors.Add(new(path, string.Empty, RuleMessages.StatesNeedProtocol));
        }
        else if (!states.TrueForAll(state => of.States.Contains(state)))
        {
            errors.Add(new(path, string.Empty, of.Message));
        }
    }

    private static void CheckPort(string path, int? port, string? protocol, List<FieldError> errors)
    {
        CheckRange(path, port, 1, ushort.MaxValue, errors);
        if (port is not null && !_protocolsWithPorts.Contains(protocol))
        {
            errors.Add(new(path, string.Empty, RuleMessages.PortNeedsProtocol));
        }
    }

    private static void CheckIcmp(FlushIcmpMatch? icmp, string? protocol, string path, List<FieldError> errors)
    {
        if (icmp is null)
        {
            return;
        }

        CheckFields(icmp == new FlushIcmpMatch(), protocol is "ICMP" or "ICMPv6", RuleMessages.IcmpNeedsProtocol, path, errors);
        CheckRange(path + ".type", icmp.Type, 0, byte.MaxValue, errors);
        CheckRange(path + ".code", icmp.Code, 0, byte.MaxValue, errors);
        CheckRange(path + ".id", icmp.Id, 0, ushort.MaxValue, errors);
        CheckRange(path + ".replyType", icmp.ReplyType, 0, byte.MaxValue, errors);
        CheckRange(path + ".replyCode", icmp.ReplyCode, 0, byte.MaxValue, errors);
        CheckRange(path + ".replyId", icmp.ReplyId, 0, ushort.MaxValue, errors);
    }

    private static void CheckGre(FlushGreMatch? gre, string? protocol, string path, List<FieldError> errors)
    {
        if (gre is null)
        {
            return;
        }

        CheckFields(gre == new FlushGreMatch(), protocol is "GRE", RuleMessages.GreNeedsProtocol, path, errors);
        CheckRange(path + ".sourceKey", gre.SourceKey, 0, ushort.MaxValue, errors);
        CheckRange(path + ".destinationKey", gre.DestinationKey, 0, ushort.MaxValue, errors);
        CheckRange(path + ".replySourceKey", gre.ReplySourceKey, 0, ushort.MaxValue, errors);
        CheckRange(path + ".replyDestinationKey", gre.ReplyDestinationKey, 0, ushort.MaxValue, errors);
    }

    private static void CheckFields(bool empty, bool protocolHasThem, string needed, string path, List<FieldError> errors)
    {
        if (!protocolHasThem)
        {
            errors.Add(new(path, string.Empty, needed));
        }

        if (empty)
        {
            errors.Add(new(path, string.Empty, RuleMessages.FieldsEmpty));
        }
    }

    private static void CheckNetwork(string path, string? network, List<FieldError> errors)
    {
        if (network is not null && !NetworkSyntax.IsAddressOrNetwork(network))
        {
            errors.Add(new(path, JsonText.Quote(network), RuleMessages.Network));
        }
    }

    private static void CheckRange(string path, long? value, long minimum, long maximum, List<FieldError> errors)
    {
        if (value < minimum || value > maximum)
        {
            errors.Add(new(path, Text(value.Value), RuleMessages.Range(minimum, maximum)));
        }
    }

    private static string Text(long value) => value.ToString();
}

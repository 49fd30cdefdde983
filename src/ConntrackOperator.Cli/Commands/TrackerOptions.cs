using System.CommandLine;
using System.Globalization;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Cli.Commands;

/// <summary>The options for what ICMP, ICMPv6 and GRE have in place of ports.</summary>
internal sealed class TrackerOptions
{
    private const string Protocol = "--protocol";

    private readonly Option<int?> _type = Number(
        "--icmp-type", "The original type of ICMP or ICMPv6: 8 (ICMPv6: 128) is an echo request.", byte.MaxValue);
    private readonly Option<int?> _code = Number("--icmp-code", "The original code of ICMP or ICMPv6.", byte.MaxValue);
    private readonly Option<int?> _id = Number("--icmp-id", "The original identifier of ICMP or ICMPv6.", ushort.MaxValue);
    private readonly Option<int?> _replyType = Number(
        "--reply-icmp-type", "The answer's type: 0 (ICMPv6: 129) is an echo reply.", byte.MaxValue);
    private readonly Option<int?> _replyCode = Number("--reply-icmp-code", "The answer's code.", byte.MaxValue);
    private readonly Option<int?> _replyId = Number(
        "--reply-icmp-id", "The answer's identifier: what the original one was translated to.", ushort.MaxValue);
    private readonly Option<string?> _sourceKey = Key("--srckey", "GRE's key of the original source, as 7 or 0x7.");
    private readonly Option<string?> _destinationKey = Key("--dstkey", "GRE's key of the original destination.");
    private readonly Option<string?> _replySourceKey = Key("--reply-srckey", "GRE's key of who answers.");
    private readonly Option<string?> _replyDestinationKey = Key("--reply-dstkey", "GRE's key of who is answered.");

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All =>
        [_type, _code, _id, _replyType, _replyCode, _replyId, _sourceKey, _destinationKey, _replySourceKey, _replyDestinationKey];

    /// <exception cref="CliException">A value is out of its range, or the protocol is another one.</exception>
    public IcmpMatch Icmp(ParseResult result, byte? protocol) => Icmp(result, protocol, _type, _code, _id);

    /// <inheritdoc cref="Icmp(ParseResult, byte?)"/>
    public IcmpMatch ReplyIcmp(ParseResult result, byte? protocol) => Icmp(result, protocol, _replyType, _replyCode, _replyId);

    /// <inheritdoc cref="Icmp(ParseResult, byte?)"/>
    public GreMatch Gre(ParseResult result, byte? protocol) =>
        new(OwnKey(result, _sourceKey, protocol), OwnKey(result, _destinationKey, protocol));

    /// <inheritdoc cref="Icmp(ParseResult, byte?)"/>
    public GreMatch ReplyGre(ParseResult result, byte? protocol) =>
        new(OwnKey(result, _replySourceKey, protocol), OwnKey(result, _replyDestinationKey, protocol));

    /// <summary>As it stands in a ConntrackFlush, not checked; null when none is given.</summary>
    public FlushIcmpMatch? IcmpForCluster(ParseResult result)
    {
        var match = new FlushIcmpMatch
        {
            Type = result.GetValue(_type),
            Code = result.GetValue(_code),
            Id = result.GetValue(_id),
            ReplyType = result.GetValue(_replyType),
            ReplyCode = result.GetValue(_replyCode),
            ReplyId = result.GetValue(_replyId),
        };
        return match == new FlushIcmpMatch() ? null : match;
    }

    /// <summary>As it stands in a ConntrackFlush; null when none is given.</summary>
    /// <exception cref="CliException">A value is out of its range.</exception>
    public FlushGreMatch? GreForCluster(ParseResult result)
    {
        var match = new FlushGreMatch
        {
            SourceKey = Key(result, _sourceKey),
            DestinationKey = Key(result, _destinationKey),
            ReplySourceKey = Key(result, _replySourceKey),
            ReplyDestinationKey = Key(result, _replyDestinationKey),
        };
        return match == new FlushGreMatch() ? null : match;
    }

    private static Option<int?> Number(string name, string description, int most) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        CustomParser = OptionParsers.Number(name, 0, most),
    };

    private static Option<string?> Key(string name, string description) => new(name) { Description = description, HelpName = "KEY" };

    private static IcmpMatch Icmp(ParseResult result, byte? protocol, Option<int?> type, Option<int?> code, Option<int?> id) => new(
        (byte?)Number(result, type, byte.MaxValue, protocol),
        (byte?)Number(result, code, byte.MaxValue, protocol),
        (ushort?)Number(result, id, ushort.MaxValue, protocol));

    private static int? Number(ParseResult result, Option<int?> option, int most, byte? protocol) =>
        result.GetValue(option) is not { } number ? null
        : number < 0 || number > most
            ? throw CliException.InvalidValue(option.Name, number.ToString(CultureInfo.InvariantCulture), RuleMessages.Range(0, most))
        : protocol is { } given && FlowProtocols.IsIcmp(given) ? number
        : throw new CliException(ExitCode.BadInput, $"{option.Name}: needs {Protocol} icmp or icmpv6");

    private static ushort? OwnKey(ParseResult result, Option<string?> option, byte? protocol) =>
        Key(result, option) is not { } key ? null
        : protocol is { } given && FlowProtocols.IsGre(given) ? key
        : throw new CliException(ExitCode.BadInput, $"{option.Name}: needs {Protocol} gre");

    // The tool and host flows print it as 0x7; with a 0 before it nobody knows whether it is octal.
    private static ushort? Key(ParseResult result, Option<string?> option) =>
        result.GetValue(option) is not { } text ? null
        : text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ushort.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key)
                ? key : throw Wrong(option, text)
            : text is not ['0', _, ..] && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out key)
                ? key : throw Wrong(option, text);

    private static CliException Wrong(Option<string?> option, string text) =>
        CliException.InvalidValue(option.Name, text, RuleMessages.Range(0, ushort.MaxValue));
}

using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

/// <summary>Each limit of a flush's fields: what is just inside is taken, what is just outside is refused in these words.</summary>
public class FlushMessageTests
{
    public static TheoryData<string> Valid =>
    [
        """{"nodeSelector":{},"match":{"all":true}}""",
        """{"nodeName":"a.b-c.9","match":{"source":"fd00::/8","destination":"2001:db8::/32","replySource":"fd00::1","replyDestination":"::1"}}""",
        """{"nodeName":"a","match":{"zone":0}}""",
        """{"nodeName":"a","match":{"zone":65535},"ttlSecondsAfterFinished":0}""",
        """{"nodeName":"a","match":{"protocol":"TCP","destinationPort":1},"ttlSecondsAfterFinished":31536000}""",
        """{"nodeName":"a","match":{"protocol":6,"destinationPort":65535,"states":["CLOSE"]}}""",
        """{"nodeName":"a","match":{"protocol":"UDP","destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":17,"destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":"UDPLite","destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":136,"destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":"SCTP","destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":132,"destinationPort":53,"states":["SHUTDOWN_SENT"]}}""",
        """{"nodeName":"a","match":{"protocol":"DCCP","destinationPort":53}}""",
        """{"nodeName":"a","match":{"protocol":33,"destinationPort":53,"states":["OPEN"]}}""",
        """{"nodeName":"a","match":{"idleFor":"1h30m"}}""",
        """{"nodeName":"a","match":{"protocol":"UDP","sourcePort":1,"replySourcePort":65535,"replyDestinationPort":1}}""",
        """{"nodeName":"a","match":{"protocol":"ICMPv6","icmp":{"type":255,"code":255,"id":65535,"replyType":255,"replyCode":255,"replyId":65535}}}""",
        """{"nodeName":"a","match":{"protocol":1,"icmp":{"type":0}}}""",
        """{"nodeName":"a","match":{"protocol":47,"gre":{"sourceKey":0,"destinationKey":65535,"replySourceKey":0,"replyDestinationKey":65535}}}""",
    ];

    public static TheoryData<string, string> Invalid => new()
    {
        { """{"match":{"all":true}}""", "spec: " + RuleMessages.NodesNeeded },
        { """{"nodeSelector":{},"nodeName":"a","match":{"all":true}}""", "spec: " + RuleMessages.OneNodeChoice },
        { """{"nodeName":"A","match":{"all":true}}""", "spec.nodeName: Invalid value: \"A\": " + RuleMessages.ObjectName },
        { """{"nodeSelector":{"matchLabels":{"-":"x"}},"match":{"all":true}}""", "spec.nodeSelector.matchLabels: Invalid value: \"-\": " + RuleMessages.LabelKey },
        { """{"nodeName":"a","match":{}}""", "spec.match: " + RuleMessages.MatchEmpty },
        { """{"nodeName":"a","match":{"all":false}}""", "spec.match: " + RuleMessages.MatchEmpty },
        { """{"nodeName":"a","match":{"all":true,"zone":1}}""", "spec.match.all: Invalid value: true: " + RuleMessages.AllIsAlone },
        { """{"nodeName":"a","match":{"source":"10.0.0.1/8"}}""", "spec.match.source: Invalid value: \"10.0.0.1/8\": " + RuleMessages.Network },
        { """{"nodeName":"a","match":{"destination":"x"}}""", "spec.match.destination: Invalid value: \"x\": " + RuleMessages.Network },
        { """{"nodeName":"a","match":{"replySource":"x"}}""", "spec.match.replySource: Invalid value: \"x\": " + RuleMessages.Network },
        { """{"nodeName":"a","match":{"replyDestination":"x"}}""", "spec.match.replyDestination: Invalid value: \"x\": " + RuleMessages.Network },
        { """{"nodeName":"a","match":{"zone":-1}}""", "spec.match.zone: Invalid value: -1: must be from 0 to 65535" },
        { """{"nodeName":"a","match":{"zone":65536}}""", "spec.match.zone: Invalid value: 65536: must be from 0 to 65535" },
        { """{"nodeName":"a","match":{"protocol":"TCP","destinationPort":0}}""", "spec.match.destinationPort: Invalid value: 0: must be from 1 to 65535" },
        { """{"nodeName":"a","match":{"protocol":"TCP","destinationPort":65536}}""", "spec.match.destinationPort: Invalid value: 65536: must be from 1 to 65535" },
        { """{"nodeName":"a","match":{"destinationPort":53}}""", "spec.match.destinationPort: " + RuleMessages.PortNeedsProtocol },
        { """{"nodeName":"a","match":{"protocol":"ICMP","destinationPort":53}}""", "spec.match.destinationPort: " + RuleMessages.PortNeedsProtocol },
        { """{"nodeName":"a","match":{"protocol":"TCP","sourcePort":0}}""", "spec.match.sourcePort: Invalid value: 0: must be from 1 to 65535" },
        { """{"nodeName":"a","match":{"protocol":"GRE","replySourcePort":1}}""", "spec.match.replySourcePort: " + RuleMessages.PortNeedsProtocol },
        { """{"nodeName":"a","match":{"replyDestinationPort":1}}""", "spec.match.replyDestinationPort: " + RuleMessages.PortNeedsProtocol },
        { """{"nodeName":"a","match":{"protocol":"ICMP","icmp":{}}}""", "spec.match.icmp: " + RuleMessages.FieldsEmpty },
        { """{"nodeName":"a","match":{"protocol":58,"icmp":{"type":256}}}""", "spec.match.icmp.type: Invalid value: 256: must be from 0 to 255" },
        { """{"nodeName":"a","match":{"protocol":1,"icmp":{"replyCode":-1}}}""", "spec.match.icmp.replyCode: Invalid value: -1: must be from 0 to 255" },
        { """{"nodeName":"a","match":{"protocol":1,"icmp":{"replyId":65536}}}""", "spec.match.icmp.replyId: Invalid value: 65536: must be from 0 to 65535" },
        { """{"nodeName":"a","match":{"protocol":"UDP","icmp":{"id":1}}}""", "spec.match.icmp: " + RuleMessages.IcmpNeedsProtocol },
        { """{"nodeName":"a","match":{"protocol":"GRE","gre":{}}}""", "spec.match.gre: " + RuleMessages.FieldsEmpty },
        { """{"nodeName":"a","match":{"gre":{"sourceKey":1}}}""", "spec.match.gre: " + RuleMessages.GreNeedsProtocol },
        { """{"nodeName":"a","match":{"protocol":"GRE","gre":{"replyDestinationKey":65536}}}""", "spec.match.gre.replyDestinationKey: Invalid value: 65536: must be from 0 to 65535" },
        { """{"nodeName":"a","match":{"states":[]}}""", "spec.match.states: " + RuleMessages.StatesNeedProtocol },
        { """{"nodeName":"a","match":{"protocol":"TCP","states":[]}}""", "spec.match.states: " + RuleMessages.StatesEmpty },
        { """{"nodeName":"a","match":{"states":["CLOSE"]}}""", "spec.match.states: " + RuleMessages.StatesNeedProtocol },
        { """{"nodeName":"a","match":{"protocol":"UDP","states":["CLOSE"]}}""", "spec.match.states: " + RuleMessages.StatesOfUdp },
        { """{"nodeName":"a","match":{"protocol":6,"states":["OPEN"]}}""", "spec.match.states: " + RuleMessages.StatesOfTcp },
        { """{"nodeName":"a","match":{"all":true},"ttlSecondsAfterFinished":-1}""", "spec.ttlSecondsAfterFinished: Invalid value: -1: must be from 0 to 31536000" },
        { """{"nodeName":"a","match":{"all":true},"ttlSecondsAfterFinished":31536001}""", "spec.ttlSecondsAfterFinished: Invalid value: 31536001: must be from 0 to 31536000" },
    };

    [Theory, MemberData(nameof(Valid))]
    public void What_is_just_inside_of_the_limits_is_taken(string spec) => Assert.Empty(Errors(spec));

    [Theory, MemberData(nameof(Invalid))]
    public void What_is_just_outside_is_refused_with_its_field_its_value_and_what_is_allowed(string spec, string error) =>
        Assert.Contains(error, Errors(spec));

    [Fact]
    public void A_state_that_is_null_or_unknown_is_told_with_its_place()
    {
        Assert.StartsWith("spec.match.states[1]: Invalid value: \"\": states of TCP are NONE, ", Assert.Single(
            Errors("""{"nodeName":"a","match":{"protocol":"TCP","states":["CLOSE",null]}}""")), StringComparison.Ordinal);
        var most = string.Join(',', Enumerable.Repeat("\"CLOSE\"", 16));
        Assert.Empty(Errors("""{"nodeName":"a","match":{"protocol":"TCP","states":[""" + most + "]}}"));
    }

    private static string[] Errors(string spec) =>
        [.. FlushValidator.Validate(JsonSerializer.Deserialize($$"""{"spec":{{spec}}}""", ApiJson.Default.ConntrackFlush)!).Select(e => e.ToString())];
}

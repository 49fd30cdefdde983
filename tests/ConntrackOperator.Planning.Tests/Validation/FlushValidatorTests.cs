using System.Reflection;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

/// <summary>What the files of flushes among the CLI's tests do not reach. Those are put to the API server as well.</summary>
public class FlushValidatorTests
{
    private static string[] Errors(FlushMatch match) =>
        [.. FlushValidator.Validate(new ConntrackFlush { Spec = new FlushSpec { NodeName = "a", Match = match } })
            .Select(error => error.ToString())];

    [Fact]
    public void A_flush_without_a_spec_or_a_match_is_refused()
    {
        Assert.Equal(["spec: Required value"], FlushValidator.Validate(new ConntrackFlush()).Select(error => error.ToString()));
        Assert.Equal(
            ["spec.match: Required value"],
            FlushValidator.Validate(new ConntrackFlush { Spec = new FlushSpec { NodeSelector = new LabelSelector() } })
                .Select(error => error.ToString()));
    }

    [Fact]
    public void All_errors_are_told_in_the_order_of_the_fields() => Assert.Equal(
        ["spec.match.source", "spec.match.destinationPort", "spec.match.idleFor", "spec.match.all"],
        FlushValidator.Validate(
            new FlushMatch { Protocol = ProtocolValue.Of("TCP"), Source = "x", DestinationPort = 0, IdleFor = "5", All = true },
            "spec.match")
            .Select(error => error.Path));

    [Fact]
    public void Path_is_where_the_match_stands() =>
        Assert.Equal("--match", Assert.Single(FlushValidator.Validate(new FlushMatch(), "--match")).Path);

    [Fact]
    public void More_states_than_the_schema_takes_are_refused() =>
        Assert.Equal(
            ["spec.match.states: Invalid value: 17: must have at most 16 items"],
            Errors(new FlushMatch { Protocol = ProtocolValue.Of("TCP"), States = [.. Enumerable.Repeat("CLOSE", 17)] }));

    [Fact]
    public void States_and_protocols_are_those_of_the_schema()
    {
        var states = Allowed(nameof(FlushMatch.States));
        var accepted = states.Where(
            state => new[]
            {
                "TCP",
                "SCTP",
                "DCCP",
                "UDP",
            }.Any(protocol => Errors(new FlushMatch { Protocol = ProtocolValue.Of(protocol), States = [state] }).Length == 0));
        Assert.Equal(states, accepted);
        var protocol = typeof(FlushMatch).GetProperty(nameof(FlushMatch.Protocol))!;
        Assert.Equal($"^({string.Join('|', FlushMatch.ProtocolNames)})$", protocol.GetCustomAttribute<PatternAttribute>()!.Expression);
        Assert.Equal(
            RuleMessages.Protocol, $"must be {string.Join(", ", FlushMatch.ProtocolNames)} or a number from 0 to 255 (without quotes)");
        Assert.All(FlushMatch.ProtocolNames, name => Assert.Empty(Errors(new FlushMatch { Protocol = ProtocolValue.Of(name) })));
        Assert.Equal(
            [$"spec.match.protocol: Invalid value: \"IP\": {RuleMessages.Protocol}"],
            Errors(new FlushMatch { Protocol = ProtocolValue.Of("IP") }));
        Assert.Equal(
            [$"spec.match.states[0]: Invalid value: \"X\": {RuleMessages.StatesOfTcp}"],
            Errors(new FlushMatch { Protocol = ProtocolValue.Of("TCP"), States = ["X"] }));
        Assert.Equal(
            [$"spec.match.states[0]: Invalid value: \"X\": {RuleMessages.Choices(states)}"], Errors(new FlushMatch { States = ["X"] }));

        static IReadOnlyList<string> Allowed(string name) =>
            typeof(FlushMatch).GetProperty(name)!.GetCustomAttribute<AllowedValuesAttribute>()!.Values;
    }

    [Fact]
    public void A_protocol_may_be_any_number_of_one_byte_and_no_other()
    {
        for (var number = -2; number <= 300; number++)
        {
            var valid = number is >= 0 and <= 255;
            Assert.Equal(valid, Errors(new FlushMatch { Protocol = ProtocolValue.Of(number) }).Length == 0);
            Assert.NotEmpty(Errors(new FlushMatch { Protocol = ProtocolValue.Of($"{number}") }));
        }

        Assert.All(
            ["", " 6", "6 ", "+6", "06", "0x6", "٦", "6.0", "1e1"],
            text => Assert.Single(Errors(new FlushMatch { Protocol = ProtocolValue.Of(text) })));
    }

    [Theory]
    [InlineData("TCP", RuleMessages.StatesOfTcp)]
    [InlineData("SCTP", RuleMessages.StatesOfSctp)]
    [InlineData("DCCP", RuleMessages.StatesOfDccp)]
    public void Message_and_rule_name_just_the_states_that_are_accepted(string protocol, string message)
    {
        var named = message[(message.IndexOf(" are ", StringComparison.Ordinal) + 5)..].Split([", ", " and "], StringSplitOptions.None)
            .ToList();
        var rule = typeof(FlushMatch).GetCustomAttributes<RuleAttribute>().Single(candidate => candidate.Message == message).Expression;
        Assert.Empty(Errors(new FlushMatch { Protocol = ProtocolValue.Of(protocol), States = named }));
        Assert.Contains($"[{string.Join(", ", named.Select(name => $"'{name}'"))}]", rule, StringComparison.Ordinal);
        Assert.All(
            typeof(FlushMatch).GetProperty(nameof(FlushMatch.States))!.GetCustomAttribute<AllowedValuesAttribute>()!.Values.Except(named),
            other =>
                Assert.Equal(
                    [$"spec.match.states: {message}"], Errors(new FlushMatch { Protocol = ProtocolValue.Of(protocol), States = [other] })));
    }
}

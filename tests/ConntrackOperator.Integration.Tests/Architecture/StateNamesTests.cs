using System.Reflection;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Where attributes and a project without references must repeat the names of states, they are the same.</summary>
public sealed class StateNamesTests
{
    [Theory]
    [InlineData(6, "TCP", RuleMessages.StatesOfTcp)]
    [InlineData(132, "SCTP", RuleMessages.StatesOfSctp)]
    [InlineData(33, "DCCP", RuleMessages.StatesOfDccp)]
    [InlineData(17, "UDP and UDPLite", RuleMessages.StatesOfUdp)]
    [InlineData(136, "UDP and UDPLite", RuleMessages.StatesOfUdp)]
    [InlineData(47, "GRE", RuleMessages.StatesOfGre)]
    public void A_flush_knows_the_states_that_entries_have_and_names_them_when_one_is_wrong(byte protocol, string name, string message)
    {
        var names = protocol switch
        {
            6 => FlushStates.Tcp,
            132 => FlushStates.Sctp,
            33 => FlushStates.Dccp,
            47 => FlushStates.Gre,
            _ => FlushStates.Udp,
        };
        Assert.Equal(FlowStates.Of(protocol), names);
        Assert.Equal($"states of {name} are {string.Join(", ", names.SkipLast(1))} and {names[^1]}", message);
    }

    [Fact]
    public void Schema_allows_the_states_of_all_protocols() => Assert.Equal(
        FlushStates.All, typeof(FlushMatch).GetProperty(nameof(FlushMatch.States))!.GetCustomAttribute<AllowedValuesAttribute>()!.Values);
}

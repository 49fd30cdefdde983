using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Tests.Nodes;

namespace ConntrackOperator.Controller.Tests.Aggregation;

public sealed class NodeUsageTests
{
    [Theory]
    [InlineData(long.MaxValue, int.MaxValue)]
    [InlineData(long.MinValue, int.MinValue)]
    public void Sums_over_five_thousand_liars_do_not_overflow(long number, int percent)
    {
        var usage = NodeUsage.From(new NodeStatus
        {
            Table = new TableStatus { Entries = number, Limit = number, Percent = percent },
            Rates = new RatesStatus { TableFullDropsPerMinute = number, RacesLostPerMinute = number },
            Conditions = [new Condition { Type = "Pressure", Reason = "Nonsense" }],
        });
        var aggregate = new PolicyAggregate();
        for (var i = 0; i < 5000; i++)
        {
            aggregate.Update($"n{i}", new NodePolicyStatus(NodePolicyState.Ready, null, null), usage, []);
        }

        var sums = aggregate.Snapshot(0, null);
        Assert.Equal(number > 0, sums.Entries > 0);
        Assert.InRange(sums.Entries, 0, long.MaxValue);
        Assert.InRange(sums.Limit, 0, long.MaxValue);
        Assert.InRange(sums.TableFullDropsPerMinute!.Value, 0, long.MaxValue);
        Assert.InRange(sums.RacesLostPerMinute!.Value, 0, long.MaxValue);
        Assert.InRange(usage.Percent, 0, 100);
        Assert.Equal("Normal", usage.Pressure);
    }
}

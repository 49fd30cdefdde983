using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Reporting;
using ConntrackOperator.Planning.Advice.Findings;
using CsCheck;

namespace ConntrackOperator.Engine.Tests.Reporting;

public sealed class ReportRulesTests
{
    private static readonly NodeStatus _last = new()
    {
        ObservedGeneration = 3,
        Conditions = [new Condition { Type = "Applied", Status = "True", Reason = "InSync", Message = "1 of 1" }],
        Table = new TableStatus { Entries = 1000, Limit = 10000, Buckets = 10000, Percent = 10, HeadroomPercent = 100 },
        Findings = [new NodeFinding { Cause = "DnsStorm", Text = "a" }],
        Rates = new RatesStatus { TableFullDropsPerMinute = 0, EarlyDropsPerMinute = 0, RacesLostPerMinute = 0 },
        Settings = [
            new SettingStatus { Name = "nf_conntrack_max", Desired = 10000, Actual = 10000, State = SettingState.InSync, Message = "a" }],
        Node = new NodeFactsStatus { Kernel = "6.18.0" },
    };

    [Fact]
    public void Lists_that_are_not_there_are_empty_ones()
    {
        var bare = _last with { Conditions = null, Settings = null, Findings = null, Flushes = null };
        var empty = _last with { Conditions = [], Settings = [], Findings = [], Flushes = [] };
        Assert.Equal(ReportUrgency.Heartbeat, ReportRules.Compare(bare, empty));
        Assert.Equal(ReportUrgency.Heartbeat, ReportRules.Compare(empty, bare));
        Assert.Equal(ReportUrgency.Now, ReportRules.Compare(bare, bare with { Settings = _last.Settings }));
        Assert.Equal(ReportUrgency.Now, ReportRules.Compare(bare, bare with { Conditions = _last.Conditions }));
        Assert.Equal(ReportUrgency.Soon, ReportRules.Compare(bare, bare with { Findings = _last.Findings }));
    }

    [Fact]
    public void One_of_several_conditions_is_enough_and_their_order_is_not()
    {
        var other = new Condition { Type = "Drifted", Status = "False", Reason = "NoDrift" };
        var two = _last with { Conditions = [_last.Conditions![0], other] };
        Assert.Equal(ReportUrgency.Heartbeat, ReportRules.Compare(two, two with { Conditions = [other, _last.Conditions[0]] }));
        Assert.Equal(
            ReportUrgency.Now,
            ReportRules.Compare(two, two with { Conditions = [_last.Conditions[0], other with { Reason = "Corrected" }] }));
    }

    [Fact]
    public void Flushes_that_are_told_already_are_no_reason_to_report()
    {
        var done = _last with { Flushes = [new NodeFlushStatus { Uid = "a", Deleted = 4 }] };
        var again = done with { Flushes = [new NodeFlushStatus { Uid = "a", Deleted = 4 }] };
        Assert.Equal(ReportUrgency.Heartbeat, ReportRules.Compare(done, again));
        Assert.Equal(ReportUrgency.Now, ReportRules.Compare(_last, done));
    }

    public static TheoryData<string, NodeStatus, ReportUrgency> Cases => new()
    {
        { "nothing", _last, ReportUrgency.Heartbeat },
        { "a message", _last with { Conditions = [_last.Conditions![0] with { Message = "2 of 2" }] }, ReportUrgency.Heartbeat },
        { "a setting's message", _last with { Settings = [_last.Settings![0] with { Message = "b" }] }, ReportUrgency.Heartbeat },
        { "entries within a band", _last with { Table = _last.Table! with { Entries = 1400, Percent = 14 } }, ReportUrgency.Heartbeat },
        { "a band up", _last with { Table = _last.Table! with { Percent = 15 } }, ReportUrgency.Soon },
        { "a band down", _last with { Table = _last.Table! with { Percent = 5 } }, ReportUrgency.Soon },
        { "usage that became unknown", _last with { Table = _last.Table! with { Percent = null } }, ReportUrgency.Soon },
        { "the first drop", _last with { Rates = _last.Rates! with { TableFullDropsPerMinute = 1 } }, ReportUrgency.Soon },
        { "the first early drop", _last with { Rates = _last.Rates! with { EarlyDropsPerMinute = 1 } }, ReportUrgency.Soon },
        { "a lost race", _last with { Rates = _last.Rates! with { RacesLostPerMinute = 1 } }, ReportUrgency.Soon },
        { "a drop with room", _last with { Rates = _last.Rates! with { OtherDropsPerMinute = 1 } }, ReportUrgency.Soon },
        { "a chain too long", _last with { Rates = _last.Rates! with { ChainTooLongPerMinute = 1 } }, ReportUrgency.Soon },
        { "rates that became unknown", _last with { Rates = null }, ReportUrgency.Soon },
        { "invalid packets", _last with { Rates = _last.Rates! with { InvalidPerMinute = 5000, OverSeconds = 60 } },
        ReportUrgency.Heartbeat },
        { "no limit any more", _last with { Table = _last.Table! with { Limit = null, NoLimit = true, Percent = null } },
        ReportUrgency.Now },
        { "no limit, and not known before", _last with { Table = _last.Table! with { NoLimit = true } }, ReportUrgency.Now },
        { "headroom within a band", _last with { Table = _last.Table! with { HeadroomPercent = 96 } }, ReportUrgency.Heartbeat },
        { "headroom a band down", _last with { Table = _last.Table! with { HeadroomPercent = 95 } }, ReportUrgency.Soon },
        { "headroom that became unknown", _last with { Table = _last.Table! with { HeadroomPercent = null } }, ReportUrgency.Soon },
        { "few ports of an address in use", _last with { Nat = [new NatStatus { Percent = 54 }] }, ReportUrgency.Heartbeat },
        { "many ports of an address in use", _last with { Nat = [new NatStatus { Percent = 55 }] }, ReportUrgency.Soon },
        { "many ports of the second worst address in use",
        _last with { Nat = [new NatStatus { Percent = 20 }, new NatStatus { Percent = 90 }] }, ReportUrgency.Heartbeat },
        { "a forecast", _last with { Table = _last.Table! with { FullIn = "1h" } }, ReportUrgency.Soon },
        { "a composition", _last with { Composition = new CompositionStatus() }, ReportUrgency.Soon },
        { "an advice", _last with { Advice = "b" }, ReportUrgency.Soon },
        { "no advice and why", _last with { AdviceReason = "Normal" }, ReportUrgency.Soon },
        { "another cause", _last with { Findings = [new NodeFinding { Cause = "Scan" }, new NodeFinding { Cause = "DnsStorm" }] },
        ReportUrgency.Soon },
        { "the same causes in another order", _last with { Findings = [new NodeFinding { Cause = "DnsStorm", Text = "b" }] },
        ReportUrgency.Heartbeat },
        { "a flush", _last with { Flushes = [new NodeFlushStatus { Uid = "a" }] }, ReportUrgency.Now },
        { "a condition's status", _last with { Conditions = [_last.Conditions![0] with { Status = "Unknown" }] }, ReportUrgency.Now },
        { "a condition in another's place", _last with { Conditions = [_last.Conditions![0] with { Type = "Ready" }] }, ReportUrgency.Now },
        { "another limit", _last with { Table = _last.Table! with { Limit = 20000 } }, ReportUrgency.Now },
        { "another size", _last with { Table = _last.Table! with { Buckets = 20000 } }, ReportUrgency.Now },
        { "a condition's reason", _last with { Conditions = [_last.Conditions![0] with { Reason = "Held" }] }, ReportUrgency.Now },
        { "a condition more",
        _last with { Conditions = [.. _last.Conditions!, new Condition { Type = "Ready", Status = "True", Reason = "InSync" }] },
        ReportUrgency.Now },
        { "a setting's state", _last with { Settings = [_last.Settings![0] with { State = SettingState.Failed }] }, ReportUrgency.Now },
        { "a setting's value", _last with { Settings = [_last.Settings![0] with { Actual = 1 }] }, ReportUrgency.Now },
        { "a setting less", _last with { Settings = [] }, ReportUrgency.Now },
        { "a generation", _last with { ObservedGeneration = 4 }, ReportUrgency.Now },
        { "a kernel", _last with { Node = new NodeFactsStatus { Kernel = "6.19.0" } }, ReportUrgency.Now },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_report_is_due_when_a_person_would_care(string change, NodeStatus now, ReportUrgency expected) =>
        Assert.True(ReportRules.Compare(_last, now) == expected, $"{change}: {ReportRules.Compare(_last, now)}");

    [Fact]
    public void The_first_report_is_due_at_once() => Assert.Equal(ReportUrgency.Now, ReportRules.Compare(null, _last));

    [Theory]
    [InlineData(100, 199, ReportUrgency.Heartbeat)]
    [InlineData(100, 200, ReportUrgency.Soon)]
    [InlineData(100, 51, ReportUrgency.Heartbeat)]
    [InlineData(100, 50, ReportUrgency.Soon)]
    [InlineData(1, 0, ReportUrgency.Soon)]
    public void A_rate_is_news_when_it_doubles_halves_begins_or_ends(long before, long after, ReportUrgency expected) =>
        Assert.Equal(expected, ReportRules.Compare(
            _last with { Rates = _last.Rates! with { TableFullDropsPerMinute = before } },
            _last with { Rates = _last.Rates! with { TableFullDropsPerMinute = after } }));

    [Fact]
    public void However_usage_wanders_what_was_reported_is_less_than_a_band_away() =>
        Gen.Int[0, 100].Array[1, 200].Sample(wander =>
        {
            NodeStatus? reported = null;
            var reports = 0;
            foreach (var percent in wander)
            {
                var now = _last with { Table = _last.Table! with { Percent = percent } };
                if (ReportRules.Compare(reported, now) != ReportUrgency.Heartbeat)
                {
                    reported = now;
                    reports++;
                }

                if (Math.Abs(reported!.Table!.Percent!.Value - percent) >= ReportRules.BandPoints)
                {
                    return false;
                }
            }

            var range = wander.Max() - wander.Min();
            return range >= ReportRules.BandPoints || reports == 1;
        });
}

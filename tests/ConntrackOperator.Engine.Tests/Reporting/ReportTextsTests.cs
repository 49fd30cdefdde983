using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Reporting;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Tests.Reporting;

/// <summary>What a report says of the table, of pressure and of what was found.</summary>
public sealed class ReportTextsTests
{
    private static readonly TableReading _reading = new(90_000, 100_000, 65_536, 38_924_288, null, null)
    {
        EntryBytes = 384,
        ExtensionsWhy = "NAT is loaded",
    };

    private static readonly CounterRates _rates = new()
    {
        Span = TimeSpan.FromSeconds(59.6),
        TableFullDropsPerMinute = 0.4,
        RacesLostPerMinute = 0,
        OtherDropsPerMinute = 3,
        EarlyDropsPerMinute = 7.5,
        ChainTooLongPerMinute = 0,
        InvalidPerMinute = 1000.6,
        InsertFailedPerMinute = 0,
        ClashResolvePerMinute = 0,
        SearchRestartPerMinute = 0,
    };

    private static readonly Finding _dns = new()
    {
        Cause = Cause.DnsStorm,
        Severity = AdviceSeverity.Hint,
        Confidence = Confidence.Likely,
        Text = "t",
        Because = "b",
    };

    [Fact]
    public void A_table_is_told_in_numbers_and_in_words()
    {
        var table = TableReport.Table(_reading, new Outlook(0.999, 0.4567, null));
        Assert.Equal(
            (90_000L, 100_000L, null, "100000", 65_536L, 90),
            (table.Entries, table.Limit, table.NoLimit, table.LimitText, table.Buckets, table.Percent));
        Assert.Equal(
            (38_924_288L, "37.1Mi", 384, "NAT is loaded"), (table.MemoryBytes, table.Memory, table.EntryBytes, table.EntryBytesWhy));

        // Rounded down: 100 % is for what is certain.
        Assert.Equal((99, 45), (table.HeadroomPercent, table.HeadroomWhenFullPercent));
        Assert.Equal((null, null, null), (table.FullIn, table.FullInSeconds, table.FullInBasis));
    }

    [Fact]
    public void A_table_without_a_limit_says_so_and_what_is_not_known_is_left_out()
    {
        var unlimited = TableReport.Table(new TableReading(5, null, 65_536, null, null, null, NoLimit: true), default);
        Assert.Equal((true, "none", null, null), (unlimited.NoLimit, unlimited.LimitText, unlimited.Limit, unlimited.Percent));
        Assert.Equal((null, null, null, null), (unlimited.MemoryBytes, unlimited.Memory, unlimited.EntryBytes, unlimited.EntryBytesWhy));
        var unknown = TableReport.Table(default, default);
        Assert.Equal((null, null, null), (unknown.NoLimit, unknown.LimitText, unknown.HeadroomPercent));
    }

    [Fact]
    public void Where_no_entry_can_have_extensions_that_is_the_reason() =>
        Assert.Equal("no entry can have extensions", TableReport.Table(_reading with { ExtensionsWhy = null }, default).EntryBytesWhy);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.4, "0s")]
    [InlineData(1, "1m")]
    [InlineData(58.6, "59m")]
    [InlineData(62, "1h")]
    [InlineData(63, "1h5m")]
    [InlineData(179, "3h")]
    public void The_time_until_it_is_full_is_no_more_exact_than_it_is_known(double minutes, string text)
    {
        var table = TableReport.Table(_reading, new Outlook(1, null, new TimeToFull(TimeSpan.FromMinutes(minutes), 1234.5, 60, false)));
        Assert.Equal((text, (long)(minutes * 60)), (table.FullIn, table.FullInSeconds));
        Assert.Equal("1,234 more entries a minute, from 60 minutes", table.FullInBasis);
    }

    [Fact]
    public void A_forecast_by_the_day_before_says_so() => Assert.Equal(
        "10 more entries a minute, from 45 minutes, and from what came after them the day before",
        new TimeToFull(TimeSpan.Zero, 10, 45, true).Basis);

    [Fact]
    public void Rates_are_whole_and_what_is_more_than_nothing_is_never_nothing()
    {
        var rates = TableReport.Rates(_rates)!;
        Assert.Equal((1L, 0L, 3L, 8L, 0L, 1001L, 60), (
            rates.TableFullDropsPerMinute, rates.RacesLostPerMinute, rates.OtherDropsPerMinute, rates.EarlyDropsPerMinute,
            rates.ChainTooLongPerMinute, rates.InvalidPerMinute, rates.OverSeconds));
        Assert.Null(TableReport.Rates(null));
    }

    [Fact]
    public void Pressure_says_how_full_it_is_and_what_was_lost()
    {
        Assert.Equal((true, "Warning", "90000 of 100000 entries, 90% full"), Verdict(PressureLevel.Warning, _reading));
        Assert.Equal(
            (false, "Normal", "7 entries, no limit"),
            Verdict(PressureLevel.Normal, new TableReading(7, null, null, null, null, null, NoLimit: true)));
        Assert.Equal((false, "Normal", "usage unknown"), Verdict(PressureLevel.Normal, default));
        var full = Verdict(PressureLevel.Critical, _reading with { Rates = _rates with { TableFullDropsPerMinute = 12 } });
        Assert.Equal((true, "Critical"), (full.Status, full.Reason));
        Assert.StartsWith("90000 of 100000 entries, 90% full; ", full.Message, StringComparison.Ordinal);
        Assert.Contains("12", full.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            ";", Verdict(PressureLevel.Normal, _reading with { Rates = _rates with { TableFullDropsPerMinute = 0 } }).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "; ",
            Verdict(
                PressureLevel.Normal,
                _reading with { Rates = _rates with { TableFullDropsPerMinute = 0, RacesLostPerMinute = 5000 } }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_was_found_is_in_the_report()
    {
        var finding = new Finding
        {
            Cause = Cause.DnsStorm,
            Severity = AdviceSeverity.Warning,
            Confidence = Confidence.Certain,
            Text = "text",
            Seen = ["seen"],
            Because = "because",
            RuledOut = [new Rival(Cause.Scan, "why")],
            Who = [
                new Party
                {
                    Role = "client",
                    Address = "10.0.0.1",
                    Network = "10.0.0.0/24",
                    Port = 53,
                    Protocol = "udp",
                    Percent = 12.5,
                    Entries = 7,
                    Name = "pod",
                    Pid = 4,
                }],
            Entries = new Bounds(1, 2),
            NewPerSecond = new Bounds(3, 4),
            Now = [new AdviceStep("now", "one\ntwo")],
            ForGood = [new AdviceStep("for good")],
            Field = "spec.field",
            Value = "value",
            Frees = new Bounds(5, 6),
            FullAgainSeconds = 8,
            Enough = new Demand(9, 10, 11),
            Sufficient = false,
            Elsewhere = "elsewhere",
            MayBreak = ["this"],
            NotKnown = [new NotKnown("what", "look")],
        };
        var told = Assert.Single(FindingReport.Of([finding])!);
        Assert.Equal(
            (nameof(Cause.DnsStorm), nameof(AdviceSeverity.Warning), nameof(Confidence.Certain), "text", "because"),
            (told.Cause, told.Severity, told.Confidence, told.Text, told.Because));
        Assert.Equal(("seen", "this"), (Assert.Single(told.Seen!), Assert.Single(told.MayBreak!)));
        Assert.Equal((nameof(Cause.Scan), "why"), (Assert.Single(told.RuledOut!).Cause, told.RuledOut![0].Why));
        Assert.Equal(
            new FindingParty
            {
                Role = "client",
                Address = "10.0.0.1",
                Network = "10.0.0.0/24",
                Port = 53,
                Protocol = "udp",
                Percent = 12.5,
                Entries = 7,
                Name = "pod",
                Pid = 4,
            },
            Assert.Single(told.Who!));
        Assert.Equal((Range(1, 2), Range(3, 4), Range(5, 6)), (told.Entries, told.NewPerSecond, told.Frees));
        Assert.Equal(("now", "for good", null), (Assert.Single(told.Now!).What, Assert.Single(told.ForGood!).What, told.ForGood![0].Run));
        Assert.Equal(["one", "two"], told.Now![0].Run);
        Assert.Equal(
            ("spec.field", "value", 8L, false, "elsewhere"),
            (told.Field, told.Value, told.FullAgainSeconds, told.Sufficient, told.Elsewhere));
        Assert.Equal(new FindingDemand { PerSecond = 9, Seconds = 10, Has = 11 }, told.Enough);
        Assert.Equal(new FindingQuestion { What = "what", Look = "look" }, Assert.Single(told.NotKnown!));
    }

    [Fact]
    public void What_was_not_found_is_left_out_of_the_report()
    {
        var told = Assert.Single(FindingReport.Of([_dns])!);
        Assert.Equal((null, null, null, null, null, null), (told.Seen, told.RuledOut, told.Who, told.Now, told.ForGood, told.MayBreak));
        Assert.Equal((null, null, null, null), (told.NewPerSecond, told.Frees, told.Enough, told.NotKnown));
        Assert.Null(FindingReport.Of(Array.Empty<Finding>()));
        Assert.Equal(StatusBounds.Findings, FindingReport.Of([.. Enumerable.Repeat(_dns, 20)])!.Count);
        Assert.Null(FindingReport.Of(Array.Empty<NotKnown>()));
        Assert.Equal(new FindingQuestion { What = "w", Look = "l" }, Assert.Single(FindingReport.Of([new NotKnown("w", "l")])!));
    }

    private static FindingRange Range(long least, long most) => new() { Least = least, Most = most };

    private static (bool? Status, string Reason, string Message) Verdict(PressureLevel level, TableReading reading)
    {
        var verdict = PressureVerdict.From(level, reading);
        return (verdict.Status, verdict.Reason, verdict.Message);
    }
}

using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Validation;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

/// <summary>The messages are tested file by file in the CLI's tests, against the API server; here is what no file can say.</summary>
public class PolicyValidatorTests
{
    [Fact]
    public void Without_a_spec_the_spec_is_required() =>
        Assert.Equal("spec: Required value", Assert.Single(PolicyValidator.Validate(new ConntrackPolicy())).ToString());

    [Fact]
    public void An_error_reads_as_the_API_server_writes_it() => Assert.StartsWith(
        "spec.timeouts.generic: Invalid value: \"5d\": must be a duration of whole seconds",
        Assert.Single(PolicyValidator.Validate(Examples.Policy("p", new() { Timeouts = new() { Generic = "5d" } }))).ToString(),
        StringComparison.Ordinal);

    [Fact]
    public void A_value_that_would_break_the_line_is_escaped() => Assert.Contains(
        "Invalid value: \"5\\nm\\\"\": must",
        Assert.Single(PolicyValidator.Validate(Examples.Policy("p", new() { Timeouts = new() { Generic = "5\nm\"" } }))).ToString(),
        StringComparison.Ordinal);

    [Fact]
    public void Generated_policies_are_valid() => Generators.Policies.Sample(policies =>
        Assert.All(policies, policy => Assert.Empty(PolicyValidator.Validate(policy))));

    [Fact]
    public void Entries_are_refused_exactly_outside_of_their_range() => Gen.Long[0, 1L << 30].Sample(entries =>
        Assert.Equal(
            entries is >= 1024 and <= 134217728, PolicyValidator.Validate(Examples.Policy("p", Examples.Size(entries))).Count == 0));

    [Fact]
    public void Numbers_that_are_no_member_of_an_enumeration_are_refused()
    {
        var errors = PolicyValidator.Validate(Examples.Policy("p", new()
        {
            Mode = (PolicyMode)7,
            OnDelete = (RemovalPolicy)9,
            Tracking = new() { Events = (TrackingEvents)3, LogInvalid = (LogInvalidProtocol)2 },
        }));
        Assert.Equal(
            ["spec.mode", "spec.tracking.events", "spec.tracking.logInvalid", "spec.onDelete"], errors.Select(error => error.Path));
    }

    [Fact]
    public void Every_error_of_a_policy_is_told()
    {
        var errors = PolicyValidator.Validate(Examples.Policy("p", new()
        {
            Priority = 1001,
            Table = new() { Size = new(), Buckets = 1 },
            Pressure = new() { WarningPercent = 0, CriticalPercent = 101 },
            Sysctls = new() { ["nf_conntrack_max"] = "x" },
        }));
        Assert.Equal(
            [
                "spec.priority", "spec.table.size", "spec.table.buckets", "spec.sysctls", "spec.sysctls[nf_conntrack_max]",
                "spec.pressure.warningPercent", "spec.pressure.criticalPercent",
            ],
            errors.Select(error => error.Path));
    }

    [Fact]
    public void A_mode_that_there_is_none_of_is_refused() => Assert.Equal(
        "spec.mode", Assert.Single(PolicyValidator.Validate(Examples.Policy("p", new() { Mode = (PolicyMode)7 }))).Path);
}

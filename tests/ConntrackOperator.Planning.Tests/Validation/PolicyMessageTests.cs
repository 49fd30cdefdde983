using System.Globalization;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

/// <summary>Each limit of a policy's fields: what is just inside is taken, what is just outside is refused in these words.</summary>
public class PolicyMessageTests
{
    public static TheoryData<string> Valid =>
    [
        """{"priority":-1000}""",
        """{"priority":1000}""",
        """{"table":{"memoryLimitPercent":1}}""",
        """{"table":{"memoryLimitPercent":90}}""",
        """{"table":{"size":{"auto":{"memoryPercent":1}}}}""",
        """{"table":{"size":{"auto":{"memoryPercent":50,"entriesPerCore":256}}}}""",
        """{"table":{"size":{"auto":{"entriesPerCore":16777216,"minEntries":1024,"maxEntries":1024}}}}""",
        """{"table":{"size":{"auto":{"entriesPerCore":256,"minEntries":134217728,"maxEntries":134217728}}}}""",
        """{"table":{"buckets":1024}}""",
        """{"table":{"buckets":134217728}}""",
        """{"timeouts":{"generic":"1s","icmp":"5965h13m56s"}}""",
        """{"ipv6Fragments":{"lowThreshold":"1Mi","highThreshold":"1Mi"}}""",
        """{"pressure":{"warningPercent":1,"criticalPercent":2}}""",
        """{"pressure":{"warningPercent":99,"criticalPercent":100}}""",
        """{"pressure":{"warningPercent":89}}""",
        """{"pressure":{"criticalPercent":76}}""",
        """{"sysctls":{"nf_conntrack_a":"0","nf_conntrack_b":"4294967295","net.netfilter.nf_flowtable_x9_":"1"}}""",
        """{"rollout":{"maxUnavailable":1}}""",
        """{"rollout":{"maxUnavailable":5000}}""",
        """{"rollout":{"maxUnavailable":"1%"}}""",
        """{"rollout":{"maxUnavailable":"100%"}}""",
    ];

    public static TheoryData<string, string> Invalid => new()
    {
        { """{"priority":-1001}""", "spec.priority: Invalid value: -1001: must be from -1000 to 1000" },
        { """{"priority":1001}""", "spec.priority: Invalid value: 1001: must be from -1000 to 1000" },
        { """{"table":{"memoryLimitPercent":0}}""", "spec.table.memoryLimitPercent: Invalid value: 0: must be from 1 to 90" },
        { """{"table":{"memoryLimitPercent":91}}""", "spec.table.memoryLimitPercent: Invalid value: 91: must be from 1 to 90" },
        { """{"table":{"size":{}}}""", "spec.table.size: exactly one of entries and auto must be set" },
        { """{"table":{"size":{"entries":2048,"auto":{"memoryPercent":2}}}}""",
            "spec.table.size: exactly one of entries and auto must be set" },
        { """{"table":{"size":{"entries":1023}}}""", "spec.table.size.entries: Invalid value: 1023: must be from 1024 to 134217728" },
        { """{"table":{"size":{"entries":134217729}}}""",
            "spec.table.size.entries: Invalid value: 134217729: must be from 1024 to 134217728" },
        { """{"table":{"size":{"auto":{}}}}""", "spec.table.size.auto: at least one of memoryPercent and entriesPerCore must be set" },
        { """{"table":{"size":{"auto":{"memoryPercent":0}}}}""",
            "spec.table.size.auto.memoryPercent: Invalid value: 0: must be from 1 to 50" },
        { """{"table":{"size":{"auto":{"memoryPercent":51}}}}""",
            "spec.table.size.auto.memoryPercent: Invalid value: 51: must be from 1 to 50" },
        { """{"table":{"size":{"auto":{"entriesPerCore":255}}}}""",
            "spec.table.size.auto.entriesPerCore: Invalid value: 255: must be from 256 to 16777216" },
        { """{"table":{"size":{"auto":{"entriesPerCore":16777217}}}}""",
            "spec.table.size.auto.entriesPerCore: Invalid value: 16777217: must be from 256 to 16777216" },
        { """{"table":{"size":{"auto":{"memoryPercent":2,"minEntries":1023}}}}""",
            "spec.table.size.auto.minEntries: Invalid value: 1023: must be from 1024 to 134217728" },
        { """{"table":{"size":{"auto":{"memoryPercent":2,"maxEntries":134217729}}}}""",
            "spec.table.size.auto.maxEntries: Invalid value: 134217729: must be from 1024 to 134217728" },
        { """{"table":{"size":{"auto":{"memoryPercent":2,"minEntries":2049,"maxEntries":2048}}}}""",
            "spec.table.size.auto.minEntries: Invalid value: 2049: minEntries must not be greater than maxEntries" },
        { """{"table":{"buckets":1023}}""", "spec.table.buckets: Invalid value: 1023: must be from 1024 to 134217728" },
        { """{"table":{"buckets":134217729}}""", "spec.table.buckets: Invalid value: 134217729: must be from 1024 to 134217728" },
        { """{"timeouts":{"generic":"0s"}}""", "spec.timeouts.generic: Invalid value: \"0s\": " + RuleMessages.Duration },
        { """{"timeouts":{"generic":"5965h13m57s"}}""",
            "spec.timeouts.generic: Invalid value: \"5965h13m57s\": " + RuleMessages.Duration },
        { """{"ipv6Fragments":{"lowThreshold":"1048577","highThreshold":"1Mi"}}""",
            "spec.ipv6Fragments.lowThreshold: Invalid value: 1048577: lowThreshold must not be greater than highThreshold" },
        { """{"ipv6Fragments":{"lowThreshold":"2Mi","highThreshold":"1Mi"}}""",
            "spec.ipv6Fragments.lowThreshold: Invalid value: \"2Mi\": lowThreshold must not be greater than highThreshold" },
        { """{"pressure":{"warningPercent":0}}""", "spec.pressure.warningPercent: Invalid value: 0: must be from 1 to 99" },
        { """{"pressure":{"warningPercent":5,"criticalPercent":101}}""",
            "spec.pressure.criticalPercent: Invalid value: 101: must be from 2 to 100" },
        { """{"pressure":{"warningPercent":90}}""",
            "spec.pressure.warningPercent: Invalid value: 90: warningPercent must be less than criticalPercent (90 when left out)" },
        { """{"pressure":{"criticalPercent":75}}""",
            "spec.pressure.criticalPercent: Invalid value: 75: criticalPercent must be greater than warningPercent (75 when left out)" },
        { """{"pressure":{"warningPercent":60,"criticalPercent":60}}""",
            "spec.pressure.warningPercent: Invalid value: 60: warningPercent must be less than criticalPercent (90 when left out)" },
        { """{"rollout":{"maxUnavailable":0}}""", "spec.rollout.maxUnavailable: Invalid value: 0: " + RuleMessages.MaxUnavailable },
        { """{"rollout":{"maxUnavailable":5001}}""", "spec.rollout.maxUnavailable: Invalid value: 5001: " + RuleMessages.MaxUnavailable },
        { """{"rollout":{"maxUnavailable":"101%"}}""",
            "spec.rollout.maxUnavailable: Invalid value: \"101%\": " + RuleMessages.MaxUnavailable },
        { """{"sysctls":{"nf_conntrack_":"1"}}""", "spec.sysctls: Invalid value: \"nf_conntrack_\": " + RuleMessages.SysctlName },
        { """{"sysctls":{"nf_flowtable_":"1"}}""", "spec.sysctls: Invalid value: \"nf_flowtable_\": " + RuleMessages.SysctlName },
        { """{"sysctls":{"nf_conntrack_A":"1"}}""", "spec.sysctls: Invalid value: \"nf_conntrack_A\": " + RuleMessages.SysctlName },
        { """{"sysctls":{"nf_contrack_abcdefgh":"1"}}""",
            "spec.sysctls: Invalid value: \"nf_contrack_abcdefgh\": " + RuleMessages.SysctlName },
        { """{"sysctls":{"net.ipv4.ip_forward":"1"}}""",
            "spec.sysctls: Invalid value: \"net.ipv4.ip_forward\": " + RuleMessages.SysctlName },
        { """{"sysctls":{"nf_conntrack_count":"1"}}""",
            "spec.sysctls: Invalid value: \"nf_conntrack_count\": nf_conntrack_count is read-only: it says how many entries there are" },
        { """{"sysctls":{"nf_conntrack_a":""}}""", "spec.sysctls[nf_conntrack_a]: Invalid value: \"\": " + RuleMessages.SysctlValue },
        { """{"sysctls":{"nf_conntrack_a":null}}""", "spec.sysctls[nf_conntrack_a]: Invalid value: \"\": " + RuleMessages.SysctlValue },
        { """{"sysctls":{"nf_conntrack_a":"01"}}""", "spec.sysctls[nf_conntrack_a]: Invalid value: \"01\": " + RuleMessages.SysctlValue },
        { """{"sysctls":{"nf_conntrack_a":"-1"}}""", "spec.sysctls[nf_conntrack_a]: Invalid value: \"-1\": " + RuleMessages.SysctlValue },
        { """{"sysctls":{"nf_conntrack_a":"4294967296"}}""",
            "spec.sysctls[nf_conntrack_a]: Invalid value: \"4294967296\": " + RuleMessages.SysctlValue },
        { """{"sysctls":{"nf_conntrack_a":"00000000001"}}""",
            "spec.sysctls[nf_conntrack_a]: Invalid value: \"00000000001\": " + RuleMessages.SysctlValue },
    };

    [Theory, MemberData(nameof(Valid))]
    public void What_is_just_inside_of_the_limits_is_taken(string spec) => Assert.Empty(Errors(spec));

    [Theory, MemberData(nameof(Invalid))]
    public void What_is_just_outside_is_refused_with_its_field_its_value_and_what_is_allowed(string spec, string error) =>
        Assert.Equal([error], Errors(spec));

    [Theory]
    [InlineData("2Mi", true)]
    [InlineData("1023", false)]
    [InlineData("x", false)]
    public void Bytes_are_held_to_the_range_of_their_field(string text, bool valid)
    {
        var errors = PolicyValidator.Validate(Examples.Policy("p", new() { Ipv6Fragments = new() { HighThreshold = new(text) } }));
        Assert.Equal(valid, errors.Count == 0);
        Assert.All(errors, e => Assert.Equal("spec.ipv6Fragments.highThreshold", e.Path));
        var field = ConntrackOperator.Planning.Settings.SettingCatalog.ByPath["ipv6Fragments.highThreshold"];
        foreach (var (bytes, expected) in new[] { (field.Minimum - 1, 1), (field.Minimum, 0), (field.Maximum, 0), (field.Maximum + 1, 1) })
        {
            var quantity = new Quantity(bytes.ToString(CultureInfo.InvariantCulture));
            var found = PolicyValidator.Validate(Examples.Policy("p", new() { Ipv6Fragments = new() { HighThreshold = quantity } }));
            Assert.Equal(expected, found.Count);
        }
    }

    [Fact]
    public void Both_spellings_of_a_sysctl_are_told_once() => Assert.Equal(
        ["spec.sysctls: Invalid value: \"nf_conntrack_a\": " + RuleMessages.SysctlTwice],
        Errors("""{"sysctls":{"nf_conntrack_a":"1","net.netfilter.nf_conntrack_a":"2"}}"""));

    [Fact]
    public void Sysctls_have_at_most_32_keys_of_at_most_63_characters()
    {
        PolicySpec Many(int count) => new() { Sysctls = Enumerable.Range(0, count).ToDictionary(i => $"nf_conntrack_x{i}", _ => "1") };
        Assert.Empty(PolicyValidator.Validate(Examples.Policy("p", Many(32))));
        Assert.Equal(["spec.sysctls: Invalid value: 33: must have at most 32 items"], Texts(Many(33)));
        var longest = "nf_conntrack_" + new string('a', 50);
        Assert.Empty(Texts(new() { Sysctls = new() { [longest] = "1" } }));
        Assert.Equal(
            [$"spec.sysctls: Invalid value: \"{longest}a\": {RuleMessages.SysctlName}"],
            Texts(new() { Sysctls = new() { [longest + "a"] = "1" } }));
    }

    private static string[] Errors(string spec) =>
        Texts(JsonSerializer.Deserialize($$"""{"spec":{{spec}}}""", ApiJson.Default.ConntrackPolicy)!.Spec!);

    private static string[] Texts(PolicySpec spec) => [.. PolicyValidator.Validate(Examples.Policy("p", spec)).Select(e => e.ToString())];
}

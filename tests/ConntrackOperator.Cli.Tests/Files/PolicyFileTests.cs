using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Files;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

public class PolicyFileTests
{
    private const string Head = "apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackPolicy\nmetadata: {name: test}\n";

    private static PolicyFileResult Read(string text)
    {
        using var reader = new StringReader(text);
        return PolicyFile.Read(reader, "policy.yaml");
    }

    private static string[] Errors(string text) => [.. Read(text).Errors.Select(error => error.ToString())];

    private static PolicySpec Spec(string spec)
    {
        var result = Read(Head + "spec: " + spec + "\n");
        Assert.Empty(result.Errors);
        return Assert.Single(result.Policies).Spec!;
    }

    [Fact]
    public void All_errors_of_a_file_are_told_at_once_in_the_order_of_the_lines() => Assert.Equal(
        [
            "policy.yaml:5: spec.priority: Invalid value: 5000: must be from -1000 to 1000",
            "policy.yaml:6: spec.mdoe: unknown field (column 3); did you mean mode?",
            "policy.yaml:9: spec.timeouts.tcp.established: Invalid value: \"5d\": must be a duration of whole seconds from 1s to "
                + "5965h13m56s"
                + " (248 days, the most that a kernel of any HZ takes), written with h, m and s in this order, such as 30s, 10m, 1h30m or "
                + "24h",
            "policy.yaml:10: spec.timeouts.tcp.close: Invalid value: 10: must be of type string, not integer: put it in quotes, or add "
                + "the unit"
                + " when it is a duration, such as 30s",
        ],
        Errors(Head + "spec:\n  priority: 5000\n  mdoe: Observe\n  timeouts:\n    tcp:\n      established: 5d\n      close: 10\n"));

    [Fact]
    public void A_field_of_the_wrong_type_brings_no_second_error_about_what_is_then_missing() => Assert.Equal(
        ["policy.yaml:4: spec.table.size.entries: Invalid value: \"a\": must be of type integer, not string: no quotes, and nothing else "
            + "in the value"],
        Errors(Head + "spec: {table: {size: {entries: a}}}\n"));

    [Fact]
    public void Several_documents_lists_and_empty_documents_are_read_in_order()
    {
        const string second = """
            # only a comment
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: conntrack.dev/v1alpha1
              kind: ConntrackPolicy
              metadata: {name: b}
              spec: {}
            - {apiVersion: conntrack.dev/v1alpha1, kind: ConntrackPolicy, metadata: {name: c}, spec: {}}
            ---
            """;
        var result = Read(Head + "spec: {}\n---\n" + second + "\n");
        Assert.Empty(result.Errors);
        Assert.Equal(["test", "b", "c"], result.Policies.Select(policy => policy.Metadata!.Name));
    }

    [Fact]
    public void An_error_in_a_list_names_the_item_and_its_line() => Assert.Equal(
        ["policy.yaml:7: items[0].spec.priority: Invalid value: 2000: must be from -1000 to 1000"],
        Errors(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: conntrack.dev/v1alpha1\n  kind: ConntrackPolicy\n  metadata: {name: a}\n  "
                + "spec: {priority: 2000}\n"));

    [Fact]
    public void The_same_name_twice_in_one_file_is_refused() => Assert.Equal(
        ["policy.yaml:8: metadata.name: Invalid value: \"test\": line 3 has a policy of this name already"],
        Errors(Head + "spec: {}\n---\n" + Head + "spec: {}\n"));

    [Fact]
    public void Json_is_read_with_lines_and_tabs()
    {
        var text =
            "{\n\t\"apiVersion\": \"conntrack.dev/v1alpha1\",\n\t\"kind\": \"ConntrackPolicy\",\n\t\"metadata\": {\"name\": \"t\"},\n"
                + "\t\"spec\": {\n\t\t\"priority\": 1,\n\t\t\"priority\": 2,\n\t\t\"mode\": \"Watch\"\n\t}\n}\n";
        Assert.Equal(
            [
                "policy.yaml:7: spec.priority: key \"priority\" already set in map, in line 6 (column 3)",
                "policy.yaml:8: spec.mode: Invalid value: \"Watch\": must be one of Enforce, Observe",
            ],
            Errors(text));
        Assert.Single(
            Read(
                "{\"apiVersion\":\"conntrack.dev/v1alpha1\",\"kind\":\"ConntrackPolicy\",\"metadata\":{\"name\":\"t\"},"
                    + "\"spec\":{\"table\":{\"size\":{\"entries\":65536.0}}}}").Policies);
    }

    [Theory]
    [InlineData("0x1000", 4096)]
    [InlineData("0o17777", 8191)]
    [InlineData("010000", 4096)]
    [InlineData("0b10000000000", 1024)]
    [InlineData("+4096", 4096)]
    [InlineData("1_048_576", 1048576)]
    [InlineData("4096.", 4096)]
    [InlineData(".5e4", 5000)]
    [InlineData("089e2", 8900)]
    [InlineData("!!int 4096", 4096)]
    public void Numbers_are_read_as_the_API_server_reads_them(string text, long value) =>
        Assert.Equal(value, Spec($"{{table: {{size: {{entries: {text}}}}}}}").Table!.Size!.Entries);

    [Theory]
    [InlineData("'4096'")]
    [InlineData("!!str 4096")]
    [InlineData("0x1p4")]
    [InlineData("4096.5")]
    [InlineData("99999999999999999999")]
    [InlineData("1e30")]
    [InlineData("yes")]
    public void What_is_no_integer_to_the_API_server_is_none_here(string text) =>
        Assert.Contains(
            "spec.table.size.entries: Invalid value", Assert.Single(Errors(Head + $"spec: {{table: {{size: {{entries: {text}}}}}}}\n")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("yes", true)]
    [InlineData("On", true)]
    [InlineData("y", true)]
    [InlineData("TRUE", true)]
    [InlineData("n", false)]
    [InlineData("OFF", false)]
    public void Booleans_are_those_of_YAML_1_1(string text, bool value) =>
        Assert.Equal(value, Spec($"{{tcp: {{loose: {text}}}}}").Tcp!.Loose);

    [Theory]
    [InlineData("oN")]
    [InlineData("'yes'")]
    [InlineData("1")]
    public void Anything_else_is_no_boolean(string text) =>
        Assert.Contains(
            "must be of type boolean", Assert.Single(Errors(Head + $"spec: {{tcp: {{loose: {text}}}}}\n")), StringComparison.Ordinal);

    [Fact]
    public void Null_counts_as_left_out()
    {
        var spec = Spec("{priority: ~, table: null, timeouts: {generic: , icmp: 30s}, sysctls: {nf_conntrack_x: null}}");
        Assert.Null(spec.Priority);
        Assert.Null(spec.Table);
        Assert.Null(spec.Timeouts!.Generic);
        Assert.Equal("30s", spec.Timeouts.Icmp);
        Assert.Empty(spec.Sysctls!);
    }

    [Fact]
    public void Aliases_that_would_explode_are_refused()
    {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Concat(
                Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("when aliases are followed", Assert.Single(Errors(bomb)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spec: &a {timeouts: *a}", "anchor 'a' value contains itself")]
    [InlineData("spec: *b", "unknown anchor 'b'")]
    [InlineData("spec: {timeouts: {<<: 5}}", "map merge (<<) requires a map")]
    [InlineData("spec: {timeouts: {generic: .inf}}", "not a number that JSON has")]
    [InlineData("spec: {table: {buckets: 1e999}}", "1e999 is too large a number")]
    [InlineData("spec: {? {a: b} : c}", "a key must be a string, not object")]
    [InlineData("spec:\n\tpriority: 5", "policy.yaml:5: not valid YAML: indented with a tab")]
    [InlineData("spec: {priority: 5", "not valid YAML")]
    [InlineData("spec: \"\\q\"", "not valid YAML")]
    public void What_is_no_YAML_is_told_with_its_line(string spec, string message)
    {
        var error = Assert.Single(Read(Head + spec + "\n").Errors);
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.True(error.Line is >= 4 and <= 6, error.ToString());
    }

    [Theory]
    [InlineData("{\"kind\":\n\"\\ud800\"}", "policy.yaml:2: not valid JSON: an escape of half a surrogate pair")]
    [InlineData("{\"kind\": \"x\",\n\"k\\udc00\": 1}", "policy.yaml:2: not valid JSON: an escape of half a surrogate pair")]
    [InlineData("{\"spec\":\n1e999}", "policy.yaml:2: not a number that can be read: it is too large")]
    public void What_JSON_can_write_and_nobody_can_read_is_told_with_its_line(string text, string message) =>
        Assert.Contains(message, Assert.Single(Read(text).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Depth_is_bounded() =>
        Assert.Contains("nested deeper than 64 levels", Assert.Single(Errors(new string('[', 100_000))), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
        "policy.yaml:2: kind: Invalid value: \"ConfigMap\": must be ConntrackPolicy")]
    [InlineData(
        "apiVersion: conntrack.dev/v1\nkind: ConntrackPolicy\n",
        "policy.yaml:1: apiVersion: Invalid value: \"conntrack.dev/v1\": must be conntrack.dev/v1alpha1")]
    [InlineData("kind: ConntrackPolicy\n", "policy.yaml:1: apiVersion: Required value: conntrack.dev/v1alpha1")]
    [InlineData("- a\n", "policy.yaml:1: Invalid value: array: must be an object with apiVersion, kind, metadata and spec")]
    public void Other_objects_are_refused_with_what_is_allowed(string text, string message) =>
        Assert.Contains(Errors(text), error => error.StartsWith(message, StringComparison.Ordinal));

    [Fact]
    public void A_flush_among_policies_is_refused_with_what_to_do_with_it() => Assert.Equal(
        ["policy.yaml:6: kind: is a ConntrackFlush: use kubectl apply or kubectl conntrack flush"],
        Errors(
            Head
                + "spec: {}\n---\n{apiVersion: conntrack.dev/v1alpha1, kind: ConntrackFlush, metadata: {name: f}, spec: {nodeName: a, "
                + "match: {all: true}}}\n"));

    [Fact]
    public void A_policy_among_flushes_is_refused_with_what_to_do_with_it()
    {
        using var reader = new StringReader(Head + "spec: {}\n");
        Assert.Equal(
            ["flush.yaml:2: kind: is a ConntrackPolicy: use kubectl apply or kubectl conntrack plan"],
            FlushFile.Read(reader, "flush.yaml").Errors.Select(error => error.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("---\n")]
    [InlineData("# nothing\n")]
    public void A_file_without_a_policy_says_so(string text) => Assert.Equal(["policy.yaml: holds no ConntrackPolicy"], Errors(text));

    [Fact]
    public void A_file_that_is_not_there_is_an_error_and_no_exception()
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "p.yaml");
        Assert.Equal($"{path}: no such file", Assert.Single(PolicyFile.Read(path, TextReader.Null).Errors).ToString());
        Assert.Equal(
            $"{Path.GetTempPath()}: is a directory, not a file",
            Assert.Single(PolicyFile.Read(Path.GetTempPath(), TextReader.Null).Errors).ToString());
    }

    [Fact]
    public void A_dash_reads_the_standard_input()
    {
        using var input = new StringReader(Head + "spec: {priority: 7000}\n");
        Assert.StartsWith(
            "<stdin>:4: spec.priority:", Assert.Single(PolicyFile.Read("-", input).Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void With_an_error_anywhere_no_policy_is_given_so_that_nobody_applies_half_a_file() =>
        Assert.Empty(
            Read(Head + "spec: {}\n---\n" + Head.Replace("test", "other", StringComparison.Ordinal) + "spec: {priority: 5000}\n").Policies);
}

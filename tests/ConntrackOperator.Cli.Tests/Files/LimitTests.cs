using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

/// <summary>At, below and above each limit of each field: the check without a cluster and the API server take the same values.</summary>
public sealed class LimitTests(ApiServerWithCrds server) : IClassFixture<ApiServerWithCrds>
{
    /// <summary>What another rule wants beside a field, as one field below spec and its value.</summary>
    private static readonly Dictionary<string, (string Path, JsonNode Value)> _beside = new()
    {
        ["table.size.auto.minEntries"] = ("table.size.auto.memoryPercent", 10),
        ["table.size.auto.maxEntries"] = ("table.size.auto.memoryPercent", 10),
        ["pressure.warningPercent"] = ("pressure.criticalPercent", 100),
        ["pressure.criticalPercent"] = ("pressure.warningPercent", 1),
        ["match.zone"] = ("match.protocol", "UDP"),
    };

    /// <summary>Limits that are rules of their own, not attributes with numbers.</summary>
    private static readonly Limit[] _rules =
    [
        .. At(ConntrackPolicy.KindName, "rollout.maxUnavailable", [1, RolloutSpec.MaximumNodes, "1%", "99%", "100%"],
            [-1, 0, RolloutSpec.MaximumNodes + 1, "0%", "101%", "1000%", "5000", "%"]),
        .. At(
            ConntrackPolicy.KindName, "sysctls",
            [Sysctl("nf_flowtable_x", "0"), Sysctl("nf_flowtable_x", $"{PolicySpec.MaximumSysctlValue}"), Named(0)],
            [
                Sysctl("nf_flowtable_x", "-1"), Sysctl("nf_flowtable_x", $"{PolicySpec.MaximumSysctlValue + 1}"),
                Sysctl("nf_flowtable_x", "01"),
                Sysctl("nf_flowtable_x", ""), Named(1),
            ]),
        .. At(ConntrackFlush.KindName, "match.protocol", ["TCP", "L2TP", 0, 255], ["tcp", "", "255", -1, 256]),
    ];

    private static readonly List<Limit> _limits =
    [
        .. Limits(ConntrackPolicy.KindName, typeof(PolicySpec), ""), .. Limits(ConntrackFlush.KindName, typeof(FlushSpec), ""), .. _rules,
    ];

    [Fact]
    public void Every_field_has_its_limits_here()
    {
        string[] fields =
        [
            .. Leaves(typeof(PolicySpec), "").Select(l => "ConntrackPolicy " + l.Path),
            .. Leaves(typeof(FlushSpec), "").Select(l => "ConntrackFlush " + l.Path),
        ];
        Assert.Equal(fields.Order(), _limits.Select(l => $"{l.Kind} {l.Path}").Distinct().Order());
    }

    [Fact]
    public void The_check_without_a_cluster_takes_what_is_within_the_limits_and_nothing_else()
    {
        Assert.Contains(_limits, l => l.IsWithin);
        Assert.Contains(_limits, l => !l.IsWithin);
        Assert.Empty(_limits.Where(l => Offline(l).Count == 0 != l.IsWithin).Select(l => $"{l}: {string.Join("; ", Offline(l))}"));
    }

    [Fact]
    public async Task The_API_server_takes_what_is_within_the_limits_and_nothing_else()
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var wrong = new List<string>();
        foreach (var limit in _limits)
        {
            var (status, message) = await server.TryAsync(
                limit.Text(), limit.Kind == ConntrackPolicy.KindName ? "conntrackpolicies" : "conntrackflushes");
            Assert.True(
                status is HttpStatusCode.Created or HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest,
                $"{limit}: {status}: {message}");
            if (status == HttpStatusCode.Created != limit.IsWithin)
            {
                wrong.Add($"{limit}: {status}: {message}");
            }
        }

        Assert.Empty(wrong);
    }

    private static List<string> Offline(Limit limit)
    {
        using var text = new StringReader(limit.Text());
        return limit.Kind == ConntrackPolicy.KindName
            ? [.. PolicyFile.Read(text, "file").Errors.Select(e => e.ToString())]
            : [.. FlushFile.Read(text, "file").Errors.Select(e => e.ToString())];
    }

    private static IEnumerable<Limit> Limits(string kind, Type type, string prefix) =>
        Leaves(type, prefix).SelectMany(leaf => Limits(kind, leaf.Path, leaf.Property));

    private static IEnumerable<Limit> Limits(string kind, string path, PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(bool))
        {
            return At(kind, path, [true, false], ["true", 1]);
        }

        if (type.IsEnum)
        {
            return At(
                kind, path, [.. Enum.GetNames(type).Select(n => (JsonNode)n)], [Enum.GetNames(type)[0].ToUpperInvariant() + "x", "", 1]);
        }

        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            return At(kind, path, [range.Minimum, range.Maximum], [range.Minimum - 1, range.Maximum + 1, "1"]);
        }

        if (property.GetCustomAttribute<ByteRangeAttribute>() is { } bytes)
        {
            return At(kind, path, [bytes.Minimum, bytes.Maximum, $"{bytes.Minimum}", $"{bytes.Maximum}", "1Mi"],
                [bytes.Minimum - 1, bytes.Maximum + 1, $"{bytes.Minimum - 1}", $"{bytes.Maximum + 1}", "1Ti", ""]);
        }

        if (property.GetCustomAttribute<DurationAttribute>() is not null)
        {
            var (least, most) = (DurationAttribute.MinimumSeconds, DurationAttribute.MaximumSeconds);
            return At(kind, path, [$"{least}s", $"{most}s", "5965h13m56s"], [$"{least - 1}s", $"{most + 1}s", "5965h13m57s", "", 30]);
        }

        if (property.GetCustomAttribute<CidrAttribute>() is not null)
        {
            return At(kind, path, ["0.0.0.0/0", "10.0.0.1", "10.0.0.1/32", "::/0", "2001:db8::1/128"],
                ["10.0.0.1/33", "10.0.0.1/31", "2001:db8::/129", "10.0.0.256", ""]);
        }

        if (property.GetCustomAttribute<MaxItemsAttribute>() is { } items)
        {
            return At(kind, path, [Items(property, items.Value)], [Items(property, items.Value + 1)]);
        }

        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
        {
            // Exists and DoesNotExist take no values, which stand beside it here.
            return At(
                kind, path, [.. allowed.Values.Where(v => !v.Contains("Exist", StringComparison.Ordinal)).Select(v => (JsonNode)v)],
                ["", "in"]);
        }

        if (property.GetCustomAttribute<LabelKeysAttribute>() is not null)
        {
            var dns = $"{new string('a', 63)}.{new string('b', 63)}.{new string('c', 63)}.{new string('d', 61)}";
            return At(
                kind, path, ["a", new string('a', 63), $"{dns}/{new string('a', 63)}"],
                ["", new string('a', 64), $"{dns}e/a", $"{dns}/{new string('a', 64)}"]);
        }

        return property.GetCustomAttribute<MaxLengthAttribute>() is { } length
            ? At(kind, path, ["a", new string('a', length.Value)], ["", new string('a', length.Value + 1)])
            : [];
    }

    private static IEnumerable<Limit> At(string kind, string path, JsonNode[] within, JsonNode[] beyond) =>
        [.. within.Select(value => new Limit(kind, path, value, true)), .. beyond.Select(value => new Limit(kind, path, value, false))];

    private static JsonNode Items(PropertyInfo property, int count)
    {
        if (property.PropertyType == typeof(Dictionary<string, string>))
        {
            return new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create<string, JsonNode?>($"nf_flowtable_{i}", "1")));
        }

        return new JsonArray([.. Enumerable.Range(0, count).Select(i => property.PropertyType == typeof(List<string>)
            ? (JsonNode)"NONE"
            : new JsonObject { ["key"] = $"k{i}", ["operator"] = "Exists" })]);
    }

    private static JsonObject Sysctl(string name, string value) => new() { [name] = value };

    private static JsonObject Named(int longer) => Sysctl("nf_flowtable_".PadRight(PolicySpec.MaximumSysctlName + longer, 'x'), "1");

    private static IEnumerable<(string Path, PropertyInfo Property)> Leaves(Type type, string prefix) =>
        SchemaBuilder.Properties(type).SelectMany(property =>
        {
            var path = prefix + SchemaBuilder.JsonName(property);
            var isList = property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(List<>);
            var inner = isList ? property.PropertyType.GenericTypeArguments[0] : property.PropertyType;
            var below = inner.Assembly == typeof(PolicySpec).Assembly && inner.IsClass ? Leaves(inner, path + (isList ? "[]." : ".")) : [];
            return !isList && below.Any() ? below : below.Prepend((path, property));
        });

    private sealed record Limit(string Kind, string Path, JsonNode Value, bool IsWithin)
    {
        public override string ToString() => $"{Kind} spec.{Path}: {Value.ToJsonString()} {(IsWithin ? "taken" : "refused")}";

        public string Text()
        {
            var spec = new JsonObject();
            if (Kind == ConntrackFlush.KindName)
            {
                spec["match"] = new JsonObject
                {
                    ["protocol"] = Path.StartsWith("match.icmp.", StringComparison.Ordinal) ? "ICMP"
                        : Path.StartsWith("match.gre.", StringComparison.Ordinal) ? "GRE" : "TCP",
                };
                if (!Path.StartsWith("nodeSelector", StringComparison.Ordinal))
                {
                    spec["nodeName"] = "a";
                }

                if (Path == "match.all")
                {
                    // It stands alone; and false alone is no condition.
                    spec["match"] = Value.ToJsonString() == "false" ? new JsonObject { ["protocol"] = "TCP" } : new JsonObject();
                }
            }

            if (_beside.TryGetValue(Path, out var beside))
            {
                Set(spec, beside.Path, beside.Value);
            }

            Set(spec, Path, Value);
            return new JsonObject
            {
                ["apiVersion"] = "conntrack.dev/v1alpha1",
                ["kind"] = Kind,
                ["metadata"] = new JsonObject { ["name"] = "limit" },
                ["spec"] = spec,
            }.ToJsonString();
        }

        private static void Set(JsonObject at, string path, JsonNode value)
        {
            var steps = path.Split('.');
            foreach (var step in steps[..^1])
            {
                var name = step.TrimEnd('[', ']');
                if (step == name)
                {
                    at = (JsonObject)(at[name] ??= new JsonObject());
                    continue;
                }

                var item = new JsonObject { ["key"] = "a", ["operator"] = "In", ["values"] = new JsonArray("b") };
                at[name] = new JsonArray(item);
                at = item;
            }

            at[steps[^1]] = value.DeepClone();
        }
    }
}

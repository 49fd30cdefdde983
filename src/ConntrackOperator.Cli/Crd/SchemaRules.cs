using System.Reflection;
using System.Text.Json.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Crd;

/// <summary>Turns the API's constraints into rules in CEL, whose messages tell a person what is allowed.</summary>
internal static class SchemaRules
{
    // k8s.io/apimachinery/pkg/util/validation; the prefix's length is looked at apart.
    private const string LabelKeyPattern =
        @"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$";

    private const string LabelValuePattern = "^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$";

    // As many digits as can't overflow CEL's durations (292 years); the range is compared after that.
    private static readonly string _durationRule =
        "size(self) > 0 && self.matches('^([0-9]{1,6}h)?([0-3]?[0-9]{1,7}m)?([0-2]?[0-9]{1,9}s)?$')"
        + $" && duration(self) >= duration('{DurationAttribute.MinimumSeconds}s') && duration(self) <= "
        + $"duration('{DurationAttribute.MaximumSeconds}s')";

    // The API server's own parsers (Go's net/netip): no zones, no leading zeros, no IPv4-mapped IPv6. isCIDR lets bits after the
    // prefix through; 10.1.2.3/8 is refused here, because what gets deleted must be what was meant.
    private const string CidrRule = "isIP(self) || isCIDR(self) && cidr(self) == cidr(self).masked()";

    /// <summary>Adds what a property's attributes say to its schema.</summary>
    internal static void Apply(PropertyInfo property, JsonObject schema)
    {
        if (property.GetCustomAttribute<DurationAttribute>() is not null)
        {
            schema["maxLength"] = KubeDuration.MaximumLength;
            Add(schema, _durationRule, KubeDuration.Allowed);
        }

        if (property.GetCustomAttribute<CidrAttribute>() is not null)
        {
            Add(schema, CidrRule, RuleMessages.Network);
        }

        if (property.GetCustomAttribute<ByteRangeAttribute>() is { } bytes)
        {
            Add(schema, BytesRule(bytes), RuleMessages.ByteRange(bytes.Minimum, bytes.Maximum));
        }

        if (property.GetCustomAttribute<LabelKeysAttribute>() is not null)
        {
            ApplyLabelKeys(schema);
        }

        if (property.GetCustomAttribute<LabelValuesAttribute>() is not null)
        {
            var values = Items(schema);
            values["maxLength"] = LabelSyntax.MaximumName;
            Add(values, $"self.matches('{LabelValuePattern}')", RuleMessages.LabelValue);
        }

        if (property.GetCustomAttribute<SysctlsWithoutFieldAttribute>() is not null)
        {
            ApplySysctls(schema);
        }

        foreach (var rule in property.GetCustomAttributes<RuleAttribute>())
        {
            Add(rule.OnItems ? Items(schema) : schema, rule.Expression, rule.Message, rule.Value, rule.Field);
        }
    }

    /// <summary>Adds a type's rules to its schema.</summary>
    internal static void Apply(Type type, JsonObject schema)
    {
        foreach (var rule in type.GetCustomAttributes<RuleAttribute>())
        {
            Add(schema, rule.Expression, rule.Message, rule.Value, rule.Field);
        }
    }

    /// <summary>The schema of a list's items or of a map's values.</summary>
    internal static JsonObject Items(JsonObject schema) =>
        (schema["items"] ?? schema["additionalProperties"])?.AsObject() ?? throw new InvalidOperationException("neither a list nor a map");

    private static void ApplyLabelKeys(JsonObject schema)
    {
        if (schema["type"]!.GetValue<string>() == "string")
        {
            schema["maxLength"] = LabelSyntax.MaximumKey;
            Add(schema, $"self.indexOf('/') <= {LabelSyntax.MaximumPrefix} && self.matches('{LabelKeyPattern}')", RuleMessages.LabelKey);
            return;
        }

        var good =
            $"size(k) <= {LabelSyntax.MaximumKey} && k.indexOf('/') <= {LabelSyntax.MaximumPrefix} && k.matches('{LabelKeyPattern}')";
        Add(schema, $"self.all(k, {good})", RuleMessages.LabelKey, FirstKey(good));
    }

    private static void ApplySysctls(JsonObject schema)
    {
        const string prefix = SettingCatalog.SysctlPrefix;
        var length = PolicySpec.MaximumSysctlName;
        var name =
            $"size(k) <= (k.startsWith('{prefix}') ? {length + prefix.Length} : {length}) && "
                + "k.matches('^(net[.]netfilter[.])?nf_(conntrack|flowtable)_[a-z0-9_]+$')";
        const string twice = $"('{prefix}' + k in self)";
        Add(schema, $"self.all(k, {name})", RuleMessages.SysctlName, FirstKey(name));
        Add(schema, $"self.all(k, !{twice})", RuleMessages.SysctlTwice, FirstKey("!" + twice));
        foreach (var (sysctl, reason) in SettingCatalog.ReadOnly)
        {
            Add(schema, $"!('{sysctl}' in self || '{prefix}{sysctl}' in self)", $"{sysctl} {reason}", $"'\"{sysctl}\"'");
        }

        foreach (var field in SettingCatalog.Fields)
        {
            Add(
                schema, $"!('{field.Sysctl}' in self || '{prefix}{field.Sysctl}' in self)",
                RuleMessages.SysctlHasField(field.Sysctl, field.Path), $"'\"{field.Sysctl}\"'");
        }
    }

    private static string FirstKey(string good) => $"'\"' + self.filter(k, !({good}))[0] + '\"'";

    private static string BytesRule(ByteRangeAttribute bytes) =>
        $"type(self) == int ? self >= {bytes.Minimum} && self <= {bytes.Maximum} : self.matches('^[0-9]{{1,18}}(k|M|G|Ki|Mi|Gi)?$') && "
            + $"quantity(self).compareTo(quantity('{bytes.Minimum}')) >= 0 && quantity(self).compareTo(quantity('{bytes.Maximum}')) <= 0";

    private static void Add(JsonObject schema, string rule, string message, string? value = null, string? field = null)
    {
        var entry = new JsonObject { ["rule"] = rule, ["message"] = message };
        if (value is not null)
        {
            // As the API server words it when the rule is about one field: Invalid value: VALUE: MESSAGE.
            entry["messageExpression"] = $"({value}) + ': {message.Replace("'", "\\'", StringComparison.Ordinal)}'";
        }

        if (field is not null)
        {
            entry["fieldPath"] = "." + field;
        }

        if (schema["x-kubernetes-validations"] is not JsonArray rules)
        {
            schema["x-kubernetes-validations"] = rules = [];
        }

        rules.Add(entry);
    }
}

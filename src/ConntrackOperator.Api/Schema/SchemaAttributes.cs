namespace ConntrackOperator.Api.Schema;

// The constraints of the API's schema, read by reflection when the CRDs are generated and when a policy file is checked
// without a cluster; the agent never looks at them. One small attribute a keyword of OpenAPI, so they stand together here.

/// <summary>The field must be given.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

/// <summary>An integer's range.</summary>
/// <param name="minimum">The least value allowed.</param>
/// <param name="maximum">The greatest value allowed.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(long minimum, long maximum) : Attribute
{
    /// <summary>The least value allowed.</summary>
    public long Minimum => minimum;

    /// <summary>The greatest value allowed.</summary>
    public long Maximum => maximum;
}

/// <summary>The strings allowed: the field's own, or each item of a list.</summary>
/// <param name="values">The strings, spelt as in the file.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllowedValuesAttribute(params string[] values) : Attribute
{
    /// <summary>The strings, spelt as in the file.</summary>
    public IReadOnlyList<string> Values => values;
}

/// <summary>A regular expression (RE2) that a string, each item of a list or each value of a map must match.</summary>
/// <param name="expression">The expression, anchored.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string expression) : Attribute
{
    /// <summary>The expression.</summary>
    public string Expression => expression;
}

/// <summary>The least length of a string, in characters.</summary>
/// <param name="value">Characters.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MinLengthAttribute(int value) : Attribute
{
    /// <summary>Characters.</summary>
    public int Value => value;
}

/// <summary>The greatest length of a string, of each item of a list or of each value of a map, in characters.</summary>
/// <param name="value">Characters.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MaxLengthAttribute(int value) : Attribute
{
    /// <summary>Characters.</summary>
    public int Value => value;
}

/// <summary>How many items a list or a map may have.</summary>
/// <param name="value">Items.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MaxItemsAttribute(int value) : Attribute
{
    /// <summary>Items.</summary>
    public int Value => value;
}

/// <summary>A string, or each key of a map, is a label key: an optional DNS prefix and a name of at most 63 characters.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LabelKeysAttribute : Attribute;

/// <summary>Each item of a list, or each value of a map, is a label value: at most 63 characters.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LabelValuesAttribute : Attribute;

/// <summary>A string is a duration as in Kubernetes (30s, 10m, 24h, 1h30m), whole seconds, from 1s to 21474836s.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationAttribute : Attribute
{
    /// <summary>The least number of seconds: 0 would end entries at once.</summary>
    public const long MinimumSeconds = 1;

    /// <summary>
    /// The greatest number of seconds that the time-outs of some kernel hold: 248 days. proc_dointvec_jiffies (kernel/sysctl.c) refuses
    /// more than INT_MAX / HZ; the least HZ that can be chosen is 100 (kernel/Kconfig.hz), with 250 it is 99 days, with 1000 it is 24.
    /// </summary>
    public const long MaximumSeconds = int.MaxValue / 100;
}

/// <summary>The list is a map by this field of its items: server-side apply merges it item by item.</summary>
/// <param name="key">The field, as in JSON.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListMapKeyAttribute(string key) : Attribute
{
    /// <summary>The field, as in JSON.</summary>
    public string Key => key;
}

/// <summary>
/// The object or list is one value with one writer: server-side apply replaces it whole, and managedFields name it once instead of
/// each field below it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AtomicAttribute : Attribute;

/// <summary>What the API server puts in when the field is left out.</summary>
/// <param name="json">The value as JSON.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultAttribute(string json) : Attribute
{
    /// <summary>The value as JSON.</summary>
    public string Json => json;
}

/// <summary>A rule in CEL over a type's fields or over one field, with the message that a person gets.</summary>
/// <param name="expression">The expression; true when the value is good.</param>
/// <param name="message">What is allowed, in a person's words.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class RuleAttribute(string expression, string message) : Attribute
{
    /// <summary>The expression.</summary>
    public string Expression => expression;

    /// <summary>The message.</summary>
    public string Message => message;

    /// <summary>
    /// A CEL expression that gives the offending value as a string, put before the message; null for one field's rule, where the API server
    /// tells the value itself.
    /// </summary>
    public string? Value { get; init; }

    /// <summary>The field below that the error is reported at, as in JSON; null: the value itself.</summary>
    public string? Field { get; init; }

    /// <summary>True: the rule is about each item of a list or each value of a map.</summary>
    public bool OnItems { get; init; }
}

/// <summary>A column of <c>kubectl get</c>.</summary>
/// <param name="name">The heading.</param>
/// <param name="type">integer, number, string, boolean or date.</param>
/// <param name="jsonPath">Where the value is; only its first match is shown.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PrinterColumnAttribute(string name, string type, string jsonPath) : Attribute
{
    /// <summary>The heading.</summary>
    public string Name => name;

    /// <summary>integer, number, string, boolean or date.</summary>
    public string Type => type;

    /// <summary>Where the value is.</summary>
    public string JsonPath => jsonPath;

    /// <summary>True when only <c>-o wide</c> shows it.</summary>
    public bool Wide { get; init; }

    /// <summary>What the column tells.</summary>
    public string? Description { get; init; }
}

/// <summary>A kind that the API server serves from a CustomResourceDefinition.</summary>
/// <param name="kind">The kind.</param>
/// <param name="plural">Its plural, in lower case.</param>
/// <param name="shortName">What people type.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomResourceAttribute(string kind, string plural, string shortName) : Attribute
{
    /// <summary>The kind.</summary>
    public string Kind => kind;

    /// <summary>Its plural, in lower case.</summary>
    public string Plural => plural;

    /// <summary>What people type.</summary>
    public string ShortName => shortName;
}

/// <summary>The amount of bytes that a <see cref="Policies.Quantity"/> may be.</summary>
/// <param name="minimum">Bytes.</param>
/// <param name="maximum">Bytes.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ByteRangeAttribute(long minimum, long maximum) : Attribute
{
    /// <summary>Bytes.</summary>
    public long Minimum => minimum;

    /// <summary>Bytes.</summary>
    public long Maximum => maximum;
}

/// <summary>
/// The map's keys are names of sysctls under net.netfilter that can be written and have no field of their own in the policy.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SysctlsWithoutFieldAttribute : Attribute;

/// <summary>The string is an IP address, or a network as address/prefix length with no bit set after the prefix.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class CidrAttribute : Attribute;

using System.Globalization;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Settings;

/// <summary>A field of a policy that stands for a sysctl.</summary>
public sealed class SettingField
{
    private readonly Func<PolicySpec, long?> _read;
    private readonly Func<PolicySpec, string?> _write;

    private SettingField(
        string sysctl, string path, SettingUnit unit, long minimum, long maximum, Func<PolicySpec, long?> read,
        Func<PolicySpec, string?> write)
    {
        Sysctl = sysctl;
        Path = path;
        Unit = unit;
        Minimum = minimum;
        Maximum = maximum;
        _read = read;
        _write = write;
    }

    /// <summary>The sysctl's name under net.netfilter, such as nf_conntrack_max.</summary>
    public string Sysctl { get; }

    /// <summary>The field below spec, such as timeouts.tcp.established.</summary>
    public string Path { get; }

    /// <summary>What the number means.</summary>
    public SettingUnit Unit { get; }

    /// <summary>The least number that a policy may set.</summary>
    public long Minimum { get; }

    /// <summary>The greatest number that a policy may set.</summary>
    public long Maximum { get; }

    /// <summary>The sysctl's value as a policy sets it: time-outs in seconds, flags as 0 or 1, amounts in bytes.</summary>
    /// <param name="spec">The policy's spec.</param>
    /// <returns>The value; null when the policy does not set the field, or not to a valid duration or quantity. For table.size only entries
    /// count: auto depends on the node.</returns>
    public long? Read(PolicySpec spec) => _read(spec);

    /// <summary>The field as it stands in the policy, as JSON: numbers and booleans bare, all else in quotes.</summary>
    /// <param name="spec">The policy's spec.</param>
    /// <returns>The text; null when the policy does not set the field.</returns>
    public string? Written(PolicySpec spec) => _write(spec);

    /// <summary>A value as it would be written in a policy: 24h, true, 4Mi, Auto, 1048576.</summary>
    /// <param name="value">The sysctl's value.</param>
    /// <returns>The text.</returns>
    public string Format(long value) => Unit switch
    {
        SettingUnit.Seconds when value >= 0 => KubeDuration.Format(value),
        SettingUnit.Flag => value == 0 ? "false" : "true",
        SettingUnit.Choice => Choices.GetValueOrDefault(value) ?? value.ToString(),
        _ => value.ToString(),
    };

    /// <summary>The names of the numbers, when the unit is <see cref="SettingUnit.Choice"/>; otherwise empty.</summary>
    public IReadOnlyDictionary<long, string> Choices { get; private init; } = new Dictionary<long, string>();

    internal static SettingField Number(string sysctl, string path, long minimum, long maximum, Func<PolicySpec, long?> read) =>
        new(sysctl, path, SettingUnit.Number, minimum, maximum, read, spec => read(spec)?.ToString());

    internal static SettingField Flag(string sysctl, string path, Func<PolicySpec, bool?> read) =>
        new(sysctl, path, SettingUnit.Flag, 0, 1,
            spec => read(spec) switch { null => null, true => 1, false => 0 },
            spec => read(spec) switch { null => null, true => "true", false => "false" });

    internal static SettingField Seconds(string sysctl, string path, Func<PolicySpec, string?> read) =>
        new(sysctl, path, SettingUnit.Seconds, DurationAttribute.MinimumSeconds, DurationAttribute.MaximumSeconds,
            spec => KubeDuration.TryParse(read(spec), out var seconds, out _) ? seconds : null,
            spec => read(spec) is { } text ? JsonText.Quote(text) : null);

    internal static SettingField Bytes(string sysctl, string path, long minimum, long maximum, Func<PolicySpec, Quantity?> read) =>
        new(sysctl, path, SettingUnit.Bytes, minimum, maximum,
            spec => read(spec) is { } quantity && quantity.TryGetBytes(out var bytes) ? bytes : null,
            spec => read(spec) is { } quantity ? Bare(quantity.Text) : null);

    internal static SettingField Choice<T>(string sysctl, string path, Func<PolicySpec, T?> read)
        where T : struct, Enum
    {
        var choices = Enum.GetValues<T>().ToDictionary(NumberOf, value => value.ToString());
        return new(sysctl, path, SettingUnit.Choice, choices.Keys.Min(), choices.Keys.Max(),
            spec => read(spec) is { } value ? NumberOf(value) : null,
            spec => read(spec) is { } value ? JsonText.Quote(value.ToString()) : null)
        {
            Choices = choices,
        };
    }

    private static long NumberOf<T>(T value)
        where T : struct, Enum => Convert.ToInt64(value, CultureInfo.InvariantCulture);

    private static string Bare(string text) => text.Length > 0 && text.All(char.IsAsciiDigit) ? text : JsonText.Quote(text);
}

using System.Globalization;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Validation;

/// <summary>Checks a policy without a cluster: refuses what the CustomResourceDefinition's schema and rules refuse.</summary>
public static class PolicyValidator
{
    /// <summary>
    /// Checks a policy's spec. Types, unknown fields and the object's name are not looked at here: they are settled before there is a
    /// policy.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <returns>All that is wrong, in the order of the fields; empty when the policy is valid.</returns>
    public static IReadOnlyList<FieldError> Validate(ConntrackPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (policy.Spec is not { } spec)
        {
            return [new("spec", string.Empty, FieldError.RequiredMessage)];
        }

        var errors = new List<FieldError>();
        SelectorValidator.Check(spec.NodeSelector, "spec.nodeSelector", errors);
        CheckRange("spec.priority", spec.Priority, PolicySpec.MinimumPriority, PolicySpec.MaximumPriority, errors);
        CheckChoice("spec.mode", spec.Mode, errors);
        CheckTable(spec.Table, errors);
        foreach (var field in SettingCatalog.Fields)
        {
            CheckField(field, spec, errors);
        }

        CheckThresholds(spec, errors);
        CheckSysctls(spec.Sysctls, errors);
        CheckPressure(spec.Pressure, errors);
        CheckRollout(spec.Rollout, errors);
        CheckChoice("spec.onDelete", spec.OnDelete, errors);
        return errors;
    }

    private static void CheckTable(TableSpec? table, List<FieldError> errors)
    {
        CheckRange(
            "spec.table.memoryLimitPercent", table?.MemoryLimitPercent, TableSpec.MinimumMemoryLimitPercent,
            TableSpec.MaximumMemoryLimitPercent,
            errors);
        if (table?.Size is not { } size)
        {
            return;
        }

        if (size.Entries is null == size.Auto is null)
        {
            errors.Add(new("spec.table.size", string.Empty, RuleMessages.ExactlyOneSize));
        }

        if (size.Auto is not { } auto)
        {
            return;
        }

        const string path = "spec.table.size.auto";
        CheckRange(
            path + ".memoryPercent", auto.MemoryPercent, AutoSizeSpec.MinimumMemoryPercent, AutoSizeSpec.MaximumMemoryPercent, errors);
        CheckRange(
            path + ".entriesPerCore", auto.EntriesPerCore, AutoSizeSpec.MinimumEntriesPerCore, AutoSizeSpec.MaximumEntriesPerCore, errors);
        CheckRange(path + ".minEntries", auto.MinEntries, TableSpec.MinimumEntries, TableSpec.MaximumEntries, errors);
        CheckRange(path + ".maxEntries", auto.MaxEntries, TableSpec.MinimumEntries, TableSpec.MaximumEntries, errors);
        if (auto.MemoryPercent is null && auto.EntriesPerCore is null)
        {
            errors.Add(new(path, string.Empty, RuleMessages.AutoNeedsSource));
        }

        if (auto.MinEntries > auto.MaxEntries)
        {
            errors.Add(new(path + ".minEntries", Text(auto.MinEntries.Value), RuleMessages.MinAboveMax));
        }
    }

    private static void CheckField(SettingField field, PolicySpec spec, List<FieldError> errors)
    {
        if (field.Written(spec) is not { } written)
        {
            return;
        }

        // table.size.entries is a field of its own in the file, though precedence takes table.size as a whole.
        var path = "spec." + (field.Path == SettingCatalog.SizePath ? SettingCatalog.SizePath + ".entries" : field.Path);
        var value = field.Read(spec);
        var message = field.Unit switch
        {
            SettingUnit.Seconds when value is null => KubeDuration.Allowed,
            SettingUnit.Bytes when value is null || value < field.Minimum || value > field.Maximum =>
                RuleMessages.ByteRange(field.Minimum, field.Maximum),
            SettingUnit.Choice when value is null || !field.Choices.ContainsKey(value.Value) => RuleMessages.Choices(field.Choices.Values),
            SettingUnit.Number when value < field.Minimum || value > field.Maximum => RuleMessages.Range(field.Minimum, field.Maximum),
            _ => null,
        };
        if (message is not null)
        {
            errors.Add(new(path, written, message));
        }
    }

    private static void CheckThresholds(PolicySpec spec, List<FieldError> errors)
    {
        if (spec.Ipv6Fragments is { LowThreshold: { } low, HighThreshold: { } high }
            && low.TryGetBytes(out var lowBytes) && high.TryGetBytes(out var highBytes) && lowBytes > highBytes)
        {
            var field = SettingCatalog.ByPath["ipv6Fragments.lowThreshold"];
            errors.Add(new("spec." + field.Path, field.Written(spec)!, RuleMessages.LowAboveHigh));
        }
    }

    private static void CheckSysctls(Dictionary<string, string>? sysctls, List<FieldError> errors)
    {
        if (sysctls is null)
        {
            return;
        }

        const string path = "spec." + SettingCatalog.SysctlsPath;
        if (sysctls.Count > PolicySpec.MaximumSysctls)
        {
            errors.Add(new(path, Text(sysctls.Count), RuleMessages.TooMany(PolicySpec.MaximumSysctls)));
        }

        foreach (var (key, value) in sysctls)
        {
            var name = SettingCatalog.SysctlName(key);
            if (!IsSysctlName(name))
            {
                errors.Add(new(path, JsonText.Quote(key), RuleMessages.SysctlName));
            }
            else if (key == name && sysctls.ContainsKey(SettingCatalog.SysctlPrefix + name))
            {
                errors.Add(new(path, JsonText.Quote(name), RuleMessages.SysctlTwice));
            }
            else if (SettingCatalog.ReadOnly.TryGetValue(name, out var reason))
            {
                errors.Add(new(path, JsonText.Quote(name), $"{name} {reason}"));
            }
            else if (SettingCatalog.BySysctl.TryGetValue(name, out var field))
            {
                errors.Add(new(path, JsonText.Quote(name), RuleMessages.SysctlHasField(name, field.Path)));
            }

            if (!TryReadSysctl(value, out _))
            {
                errors.Add(new($"{path}[{key}]", JsonText.Quote(value ?? string.Empty), RuleMessages.SysctlValue));
            }
        }
    }

    private static void CheckPressure(PressureSpec? pressure, List<FieldError> errors)
    {
        if (pressure is null)
        {
            return;
        }

        CheckRange(
            "spec.pressure.warningPercent", pressure.WarningPercent, PressureSpec.MinimumWarningPercent,
            PressureSpec.MaximumWarningPercent, errors);
        CheckRange(
            "spec.pressure.criticalPercent", pressure.CriticalPercent, PressureSpec.MinimumCriticalPercent,
            PressureSpec.MaximumCriticalPercent,
            errors);
        var warning = pressure.WarningPercent ?? PressureSpec.DefaultWarningPercent;
        var critical = pressure.CriticalPercent ?? PressureSpec.DefaultCriticalPercent;
        if (warning >= critical)
        {
            // At the field that was written.
            errors.Add(pressure.WarningPercent is null
                ? new("spec.pressure.criticalPercent", Text(critical), RuleMessages.CriticalAboveWarning)
                : new("spec.pressure.warningPercent", Text(warning), RuleMessages.WarningBelowCritical));
        }
    }

    private static void CheckRollout(RolloutSpec? rollout, List<FieldError> errors)
    {
        if (rollout?.MaxUnavailable is { } value && value.AsNodes() is null && value.AsPercent() is null)
        {
            var written = value.Count is { } count ? Text(count) : JsonText.Quote(value.Text ?? string.Empty);
            errors.Add(new("spec.rollout.maxUnavailable", written, RuleMessages.MaxUnavailable));
        }
    }

    private static void CheckRange(string path, long? value, long minimum, long maximum, List<FieldError> errors)
    {
        if (value < minimum || value > maximum)
        {
            errors.Add(new(path, Text(value.Value), RuleMessages.Range(minimum, maximum)));
        }
    }

    private static void CheckChoice<T>(string path, T? value, List<FieldError> errors)
        where T : struct, Enum
    {
        if (value is { } given && !Enum.IsDefined(given))
        {
            errors.Add(new(path, given.ToString(), RuleMessages.Choices(Enum.GetNames<T>())));
        }
    }

    /// <summary>Reads the value of an entry of sysctls.</summary>
    internal static bool TryReadSysctl(string? text, out long value)
    {
        value = 0;
        return text is { Length: > 0 and <= PolicySpec.MaximumSysctlDigits } && (text[0] != '0' || text.Length == 1)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value <= PolicySpec.MaximumSysctlValue;
    }

    private static bool IsSysctlName(string name)
    {
        var rest = name.StartsWith("nf_conntrack_", StringComparison.Ordinal) ? name.AsSpan("nf_conntrack_".Length)
            : name.StartsWith("nf_flowtable_", StringComparison.Ordinal) ? name.AsSpan("nf_flowtable_".Length)
            : [];
        return rest.Length > 0 && name.Length <= PolicySpec.MaximumSysctlName && !rest.ContainsAnyExcept(_sysctlCharacters);
    }

    private static readonly System.Buffers.SearchValues<char> _sysctlCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    private static string Text(long value) => value.ToString();
}

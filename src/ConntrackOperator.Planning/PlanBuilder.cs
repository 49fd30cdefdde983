using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Settings;
using ConntrackOperator.Planning.Sizing;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Planning;

/// <summary>Builds one node's plan from the policies that select it.</summary>
/// <param name="node">The node.</param>
/// <param name="policies">The policies, the highest precedence first.</param>
internal sealed class PlanBuilder(NodeFacts node, IReadOnlyList<ConntrackPolicy> policies)
{
    // Together with the catalogue's fields within the limit of a ConntrackNode's settings.
    private const int MaximumSysctls = 64;
    private const int MaximumRefusedSysctls = 16;

    // After the catalogue's fields.
    private const int MemoryLimitOrder = 1000;
    private const int SysctlsOrder = 2000;
    private const int PressureOrder = 3000;

    private readonly FieldPicker _picker = new(node.Name, policies);
    private readonly List<NodeSetting> _settings = [];
    private readonly List<RefusedSetting> _refused = [];
    private int? _memoryLimitPercent;

    internal NodePlan Build()
    {
        var fields = new List<(SettingField Field, Picked<long> Picked)>();
        for (var i = 0; i < SettingCatalog.Fields.Count; i++)
        {
            var field = SettingCatalog.Fields[i];
            if (field.Sysctl != SettingCatalog.MaxName && _picker.Pick(i, field.Path, field.Read, field.Format) is { } picked)
            {
                fields.Add((field, picked));
            }
        }

        AddTable(fields);
        AddFields(fields);
        AddSysctls();
        var spec = new NodeSpec
        {
            Settings = _settings,
            Refused = _refused.Count == 0 ? null : _refused,
            Pressure = PickPressure(),
            MemoryLimitPercent = _memoryLimitPercent,
        };
        return new NodePlan(spec, [.. policies.Select(policy => policy.Metadata?.Name ?? string.Empty)], _picker.Conflicts);
    }

    private void AddTable(List<(SettingField Field, Picked<long> Picked)> fields)
    {
        var at = fields.FindIndex(f => f.Field.Sysctl == SettingCatalog.BucketsName);
        Picked<long>? buckets = at >= 0 ? fields[at].Picked : null;
        if (at >= 0)
        {
            fields.RemoveAt(at);
        }

        var planner = new TablePlanner(node, TableSizing.BytesPerEntry);
        var roundedBuckets = buckets is { } given ? TableSizing.RoundBuckets(given.Value) : (long?)null;
        var size = _picker.Pick<SizeChoice>(
            0, SettingCatalog.SizePath, spec => planner.Resolve(spec.Table?.Size, roundedBuckets), choice => choice.ToString());
        var limit = _picker.Pick<long>(
            MemoryLimitOrder, "table.memoryLimitPercent", spec => spec.Table?.MemoryLimitPercent, value => value.ToString());
        _memoryLimitPercent = (int?)limit?.Value;
        planner.Plan(size, buckets, limit, _settings, _refused);
    }

    private void AddFields(List<(SettingField Field, Picked<long> Picked)> fields)
    {
        var high = fields.Find(f => f.Field.Path == "ipv6Fragments.highThreshold");
        foreach (var (field, picked) in fields)
        {
            // Each policy by itself is in order, but the two fields may come from two policies; the kernel would refuse it (EINVAL).
            if (field.Path == "ipv6Fragments.lowThreshold" && high.Field is not null && picked.Value > high.Picked.Value)
            {
                _refused.Add(new RefusedSetting
                {
                    Name = field.Sysctl,
                    Policy = picked.Name,
                    Reason = RefusalReasons.AboveHighThreshold,
                    Message =
                        $"{field.Path} {picked.Value} is above ipv6Fragments.highThreshold {high.Picked.Value} of policy "
                            + $"{high.Picked.Name}; set both in one policy",
                });
                continue;
            }

            _settings.Add(PlannedSetting.From(field.Sysctl, picked.Value, picked.Policy, field.Path));
        }
    }

    private void AddSysctls()
    {
        // The first in precedence get the room there is; the order in the plan is by name.
        var names = policies.SelectMany(
            policy => policy.Spec!.Sysctls?.Keys.Select(SettingCatalog.SysctlName).Order(StringComparer.Ordinal)
                ?? Enumerable.Empty<string>())
            .Distinct(StringComparer.Ordinal)
            .ToList();
        foreach (var name in names.Take(MaximumSysctls).Order(StringComparer.Ordinal))
        {
            if (PickSysctl(name) is { } picked)
            {
                _settings.Add(PlannedSetting.From(name, picked.Value, picked.Policy, $"{SettingCatalog.SysctlsPath}.{name}"));
            }
        }

        foreach (var name in names.Skip(MaximumSysctls).Take(MaximumRefusedSysctls).Order(StringComparer.Ordinal))
        {
            _refused.Add(new RefusedSetting
            {
                Name = name,
                Policy = PickSysctl(name)?.Name,
                Reason = RefusalReasons.TooManySysctls,
                Message =
                    $"the policies that select this node set {names.Count} sysctls without a field of their own; the {MaximumSysctls} of "
                        + "highest precedence are set",
            });
        }
    }

    private Picked<long>? PickSysctl(string name) => _picker.Pick<long>(
        SysctlsOrder,
        $"{SettingCatalog.SysctlsPath}.{name}",
        spec => (spec.Sysctls?.GetValueOrDefault(name) ?? spec.Sysctls?.GetValueOrDefault(SettingCatalog.SysctlPrefix + name)) is { } text
            && PolicyValidator.TryReadSysctl(text, out var value) ? value : null,
        value => value.ToString());

    private NodePressure PickPressure()
    {
        var picked = _picker.Pick<PressureChoice>(
            PressureOrder,
            "pressure",
            spec => spec.Pressure is { } pressure
                ? new PressureChoice(
                    pressure.WarningPercent ?? PressureSpec.DefaultWarningPercent,
                    pressure.CriticalPercent ?? PressureSpec.DefaultCriticalPercent,
                    pressure.NodeCondition ?? false)
                : null,
            choice => choice.ToString());
        return new NodePressure
        {
            WarningPercent = picked?.Value.Warning ?? PressureSpec.DefaultWarningPercent,
            CriticalPercent = picked?.Value.Critical ?? PressureSpec.DefaultCriticalPercent,
            NodeCondition = picked?.Value.NodeCondition is true ? true : null,
            Policy = picked?.Name,
        };
    }

    private readonly record struct PressureChoice(int Warning, int Critical, bool NodeCondition)
    {
        public override string ToString() =>
            $"{{warningPercent: {Warning}, criticalPercent: {Critical}{(NodeCondition ? ", nodeCondition: true" : string.Empty)}}}";
    }
}

using System.Collections;
using System.Reflection;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Agent.Tests.Reporting;

/// <summary>Whatever a kernel says, the report fits the schema.</summary>
public sealed class ReportBoundsTests
{
    // One for all: there are thousands of fields.
    private static readonly string _text = new string('x', 5000) + "\ud83d\ude00\u001b[31m" + new string('y', 40_000);

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Report_beyond_every_bound_is_cut_to_all_of_them(long number)
    {
        var report = Monster(number);
        var problems = new List<string>();
        Check(ReportBounds.Apply(report), "status", problems);
        Assert.Empty(problems);

        // The walk finds something when there is something.
        Check(report, "status", problems);
        Assert.InRange(problems.Count, 30, int.MaxValue);
    }

    [Fact]
    public void Report_within_the_bounds_stays_as_it_is()
    {
        var report = new NodeStatus
        {
            ObservedGeneration = 3,
            Advice = "table.size.entries 1048576",
            Table = new TableStatus { Entries = 5, Limit = 4_294_967_295, Percent = 100, Memory = "320Mi" },
            Settings =
                [new SettingStatus { Name = "nf_conntrack_max", Desired = 1, Actual = 2, State = SettingState.Held, Message = "waits" }],
            ReportedAt = DateTimeOffset.UnixEpoch,
        };
        var cut = ReportBounds.Apply(report);
        Assert.Equal(report with { Settings = null }, cut with { Settings = null });
        Assert.Equal(report.Settings, cut.Settings);
    }

    [Fact]
    public void Command_of_an_advice_that_is_too_long_is_left_out_whole()
    {
        static NodeStatus Report(params string[] run) =>
            new() { Findings = [new NodeFinding { Now = [new FindingStep { What = "drop it", Run = [.. run] }] }] };
        string[] good = ["nft -f - <<'EOF'", "add table inet conntrack_advice", "EOF"];
        Assert.Equal(good, ReportBounds.Apply(Report(good)).Findings![0].Now![0].Run);
        foreach (var bad in (string[][])[[.. Enumerable.Repeat("rm", 49)], [new string('x', 1025)], ["echo \u001b[2J"]])
        {
            var step = ReportBounds.Apply(Report(bad)).Findings![0].Now![0];
            Assert.StartsWith("# longer than a report may be", Assert.Single(step.Run!), StringComparison.Ordinal);
            Assert.Equal("drop it", step.What);
        }
    }

    /// <summary>A report with every field beyond its bound.</summary>
    internal static NodeStatus Monster(long number) => (NodeStatus)Fill(typeof(NodeStatus), number, 0)!;

    private static object? Fill(Type type, long number, int index, int items = 0)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            return _text;
        }

        if (type == typeof(bool))
        {
            return true;
        }

        if (type == typeof(DateTimeOffset))
        {
            return DateTimeOffset.UnixEpoch;
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(0);
        }

        if (type == typeof(long))
        {
            return number;
        }

        if (type == typeof(int))
        {
            return number > 0 ? int.MaxValue : int.MinValue;
        }

        if (type == typeof(double))
        {
            return (double)number;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            var list = (IList)Activator.CreateInstance(type)!;
            for (var i = 0; i < items; i++)
            {
                list.Add(Fill(type.GenericTypeArguments[0], number, i));
            }

            return list;
        }

        var item = Activator.CreateInstance(type)!;
        foreach (var property in Fields(type))
        {
            // Lists within lists: each a few items beyond its own bound, or they would multiply.
            var beyond = property.GetCustomAttribute<MaxItemsAttribute>()?.Value + 3 ?? 300;
            property.SetValue(item, Fixed(property, index) ?? Fill(property.PropertyType, number, index, (int)beyond));
        }

        return item;
    }

    /// <summary>What the agent makes of words of its own, or of the plan's, which are within bounds of their own.</summary>
    private static string? Fixed(PropertyInfo property, int index) => (property.DeclaringType!.Name, property.Name) switch
    {
        (nameof(Condition), nameof(Condition.Type)) => $"Type{index}",
        (nameof(Condition), nameof(Condition.Status)) => "True",
        (nameof(SettingStatus), nameof(SettingStatus.Name)) => $"nf_conntrack_{index}",
        (nameof(NodeFlushStatus), nameof(NodeFlushStatus.Uid)) => $"uid-{index}",
        (nameof(NodeStatus), nameof(NodeStatus.AdviceSeverity)) => "Hint",
        (nameof(NatStatus), nameof(NatStatus.RangeFrom)) => "AllPorts",
        (nameof(CompositionStatus), nameof(CompositionStatus.Basis)) => CompositionStatus.Estimated,
        (nameof(NodeFinding), nameof(NodeFinding.Severity)) => "Hint",
        (nameof(NodeFinding), nameof(NodeFinding.Confidence)) => "Likely",
        _ => null,
    };

    private static void Check(object? value, string path, List<string> problems)
    {
        foreach (var property in Fields(value!.GetType()))
        {
            var at = $"{path}.{property.Name}";
            switch (property.GetValue(value))
            {
                case null:
                    problems.Add($"{at} is lost");
                    break;
                case string text:
                    Check(text, property, at, problems);
                    break;
                case long or int or double:
                    var number = Convert.ToDecimal(property.GetValue(value), System.Globalization.CultureInfo.InvariantCulture);
                    if (property.GetCustomAttribute<RangeAttribute>() is not { } range || number < range.Minimum || number > range.Maximum)
                    {
                        problems.Add($"{at} is {number}");
                    }

                    break;
                case IList list:
                    if (list.Count > (property.GetCustomAttribute<MaxItemsAttribute>()?.Value ?? -1))
                    {
                        problems.Add($"{at} has {list.Count} items");
                    }

                    foreach (var item in list)
                    {
                        if (item is string line)
                        {
                            Check(line, property, at + "[]", problems);
                        }
                        else
                        {
                            Check(item, at + "[]", problems);
                        }
                    }

                    break;
                case bool or Enum or DateTimeOffset:
                    break;
                case { } nested:
                    Check(nested, at, problems);
                    break;
            }
        }
    }

    private static void Check(string text, PropertyInfo property, string at, List<string> problems)
    {
        var most = property.GetCustomAttribute<MaxLengthAttribute>()?.Value
            ?? property.GetCustomAttribute<AllowedValuesAttribute>()?.Values.Max(v => v.Length) ?? -1;
        if (text.Length > most || text.Any(char.IsControl) || (text.Length > 0 && char.IsHighSurrogate(text[^1])))
        {
            problems.Add($"{at} has {text.Length} characters of {most}");
        }
    }

    private static IEnumerable<PropertyInfo> Fields(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite);
}

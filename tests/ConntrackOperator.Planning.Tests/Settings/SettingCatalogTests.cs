using System.Reflection;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Settings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Settings;

public class SettingCatalogTests
{
    // Fields of a policy that are no sysctl of their own.
    private static readonly string[] _others =
    [
        "nodeSelector", "priority", "mode", "table.size.auto", "table.memoryLimitPercent", "sysctls", "pressure", "rollout", "onDelete",
    ];

    [Fact]
    public void Every_field_of_the_policy_is_in_the_catalogue_once()
    {
        var fields = Leaves(typeof(PolicySpec), string.Empty)
            .Select(field => field.Path == "table.size.entries" ? SettingCatalog.SizePath : field.Path)
            .Where(path => !_others.Any(other => path == other || path.StartsWith(other + ".", StringComparison.Ordinal)));
        Assert.Equal(fields.Order(StringComparer.Ordinal), SettingCatalog.Fields.Select(field => field.Path).Order(StringComparer.Ordinal));
        Assert.Equal(SettingCatalog.Fields.Count, SettingCatalog.BySysctl.Count);
    }

    [Fact]
    public void A_choice_ranges_from_its_least_value_to_its_greatest()
    {
        var choices = SettingCatalog.Fields.Where(field => field.Choices.Count > 0).ToList();
        Assert.NotEmpty(choices);
        Assert.All(choices, field =>
        {
            Assert.Contains(field.Minimum, field.Choices.Keys);
            Assert.Contains(field.Maximum, field.Choices.Keys);
            Assert.All(field.Choices.Keys, value => Assert.InRange(value, field.Minimum, field.Maximum));
        });
    }

    [Theory]
    [InlineData("4194304", "4194304")]
    [InlineData("4Mi", "\"4Mi\"")]
    [InlineData("", "\"\"")]
    public void An_amount_is_written_bare_where_it_is_a_number_and_quoted_where_it_is_a_text(string text, string written)
    {
        var field = SettingCatalog.Fields.Single(field => field.Path == "ipv6Fragments.highThreshold");
        Assert.Equal(written, field.Written(new PolicySpec { Ipv6Fragments = new() { HighThreshold = new Quantity(text) } }));
    }

    [Fact]
    public void Ranges_are_those_of_the_schema()
    {
        var leaves = Leaves(typeof(PolicySpec), string.Empty)
            .ToDictionary(field => field.Path == "table.size.entries" ? SettingCatalog.SizePath : field.Path, field => field.Property);
        Assert.All(SettingCatalog.Fields, field =>
        {
            var property = leaves[field.Path];
            if (property.GetCustomAttribute<RangeAttribute>() is { } range)
            {
                Assert.Equal((range.Minimum, range.Maximum), (field.Minimum, field.Maximum));
            }

            if (property.GetCustomAttribute<ByteRangeAttribute>() is { } bytes)
            {
                Assert.Equal((bytes.Minimum, bytes.Maximum), (field.Minimum, field.Maximum));
            }

            Assert.Equal(property.GetCustomAttribute<DurationAttribute>() is not null, field.Unit == SettingUnit.Seconds);
        });
    }

    [Fact]
    public void Table_comes_first_with_its_limit_before_its_buckets() =>
        Assert.Equal(["nf_conntrack_max", "nf_conntrack_buckets"], SettingCatalog.Fields.Take(2).Select(field => field.Sysctl));

    [Fact]
    public void Sysctls_of_this_kernel_are_in_the_catalogue_or_read_only()
    {
        const string directory = "/proc/sys/net/netfilter";
        Assert.SkipUnless(File.Exists($"{directory}/nf_conntrack_max"), "the module nf_conntrack is not loaded here");
        Assert.All(
            Directory.GetFiles(directory, "nf_conntrack_*").Select(file => Path.GetFileName(file)),
            name => Assert.True(SettingCatalog.BySysctl.ContainsKey(name) || SettingCatalog.ReadOnly.ContainsKey(name), name));
    }

    private static IEnumerable<(string Path, PropertyInfo Property)> Leaves(Type type, string prefix)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var path = prefix + char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
            var inner = property.PropertyType;
            if (inner.Namespace == typeof(PolicySpec).Namespace && inner.IsClass)
            {
                foreach (var leaf in Leaves(inner, path + "."))
                {
                    yield return leaf;
                }
            }
            else
            {
                yield return (path, property);
            }
        }
    }
}

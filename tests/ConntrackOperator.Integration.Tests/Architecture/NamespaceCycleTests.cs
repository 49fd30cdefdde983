using System.Text.RegularExpressions;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Within a project namespaces depend on each other one way, so that each can be read without those that use it.</summary>
/// <remarks>
/// From the sources: a file depends on the namespaces that it imports (the build refuses imports that are not needed), and on an enclosing
/// namespace when it names a type of it. Names in comments and strings do not count.
/// </remarks>
public sealed partial class NamespaceCycleTests
{
    [Theory]
    [MemberData(nameof(DependencyTests.Projects), MemberType = typeof(DependencyTests))]
    public void Namespaces_form_no_cycle(string project)
    {
        var root = "ConntrackOperator." + project;
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "src", root), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();
        Assert.NotEmpty(files);
        Assert.Empty(Cyclic(files));
    }

    [Fact]
    public void Cycle_is_found_by_imports_and_by_names_of_an_enclosing_namespace()
    {
        const string Outer = "using A.B;\nnamespace A;\npublic sealed class One;";
        Assert.Equal(["A", "A.B"], Cyclic([Outer, "namespace A.B;\ninternal static class Two { static One? _one; }"]));
        Assert.Empty(Cyclic([Outer, "namespace A.B;\n// One\ninternal static class Two { const string S = \"One\"; }"]));
        string[] around =
        [
            "using A.C;\nnamespace A.B;", "using A.D;\nnamespace A.C;", "using A.B;\nnamespace A.D;", "using A.B;\nnamespace A.E;",
        ];
        Assert.Equal(["A.B", "A.C", "A.D"], Cyclic(around));
    }

    private static IEnumerable<string> Cyclic(IEnumerable<string> sources)
    {
        var files = sources.Select(s => (Namespace: Declared().Match(s).Groups[1].Value, Text: s))
            .Where(f => f.Namespace.Length > 0).ToList();
        var types = files.GroupBy(f => f.Namespace)
            .ToDictionary(g => g.Key, g => g.SelectMany(f => Types().Matches(f.Text).Select(m => m.Groups[1].Value)).ToHashSet());
        var uses = files.GroupBy(f => f.Namespace)
            .ToDictionary(g => g.Key, g => g.SelectMany(f => Used(f.Namespace, f.Text, types)).ToHashSet());
        return uses.Keys.Where(name => Reached(name, uses).Contains(name)).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Used(string from, string text, Dictionary<string, HashSet<string>> types)
    {
        var imported = Imports().Matches(text).Select(m => m.Groups[1].Value).Where(types.ContainsKey);
        var words = Words().Matches(NotCode().Replace(text, " ")).Select(m => m.Value).ToHashSet();
        var enclosing = types.Where(t => from.StartsWith(t.Key + ".", StringComparison.Ordinal) && t.Value.Overlaps(words))
            .Select(t => t.Key);
        return imported.Concat(enclosing).Where(name => name != from);
    }

    private static HashSet<string> Reached(string from, Dictionary<string, HashSet<string>> uses)
    {
        var reached = new HashSet<string>();
        var left = new Stack<string>([from]);
        while (left.TryPop(out var name))
        {
            foreach (var next in uses.GetValueOrDefault(name) ?? [])
            {
                if (reached.Add(next))
                {
                    left.Push(next);
                }
            }
        }

        return reached;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Imports();

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|sealed|static|readonly|abstract|partial|ref|unsafe)\s+)*"
            + @"(?:class|record struct|record class|record|struct|enum|interface)\s+(\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Types();

    /// <summary>Words that are not a member of something.</summary>
    [GeneratedRegex(@"(?<![\w.])\w+")]
    private static partial Regex Words();

    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex NotCode();
}

using System.Reflection;
using System.Xml.Linq;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Dependencies point one way.</summary>
public sealed class DependencyTests
{
    /// <summary>Every src project and the src projects that it may reference.</summary>
    private static readonly Dictionary<string, string[]> _allowed = new()
    {
        ["Netfilter"] = [],
        ["Api"] = [],
        ["Planning"] = ["Api"],
        ["Kubernetes"] = ["Api"],
        ["Engine"] = ["Netfilter", "Api", "Planning"],
        ["Telemetry"] = ["Kubernetes"],
        ["Cluster"] = ["Api", "Planning", "Kubernetes"],
        ["Agent"] = ["Netfilter", "Api", "Planning", "Kubernetes", "Engine", "Telemetry"],
        ["Controller"] = ["Api", "Planning", "Kubernetes", "Cluster", "Telemetry"],
        ["Cli"] = ["Netfilter", "Api", "Planning", "Kubernetes", "Cluster", "Engine"],
    };

    /// <summary>Libraries, and the packages that they may reference: next to none, so that whatever uses them stays small.</summary>
    private static readonly Dictionary<string, string[]> _packages = new()
    {
        ["Netfilter"] = [],
        ["Api"] = [],
        ["Planning"] = [],
        ["Kubernetes"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Engine"] = [],
    };

    public static TheoryData<string> Projects { get; } = [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(NameOf).Order()];

    [Fact]
    public void Every_project_has_its_place() => Assert.Equal(_allowed.Keys.Order(), Projects.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_only_what_it_may(string project) =>
        Assert.Empty(References(project, "ProjectReference").Select(NameOf).Except(_allowed[project]));

    [Theory]
    [MemberData(nameof(Projects))]
    public void KubernetesClient_is_referenced_by_the_layer_of_controller_and_command_line_alone(string project) =>
        Assert.Equal(project == "Cluster", References(project, "PackageReference").Contains("KubernetesClient"));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Library_references_next_to_no_package(string project)
    {
        if (_packages.TryGetValue(project, out var packages))
        {
            Assert.Equal(packages, References(project, "PackageReference"));
        }
    }

    /// <summary>
    /// What projects share is in a project of its own; for tests that is TestKit, and Simulation where a controller runs.
    /// </summary>
    [Fact]
    public void No_project_compiles_a_source_from_outside_its_folder()
    {
        var files = Directory.GetFiles(Repository.Root, "*.*proj", SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(Repository.Root, "Directory.Build.*", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)).ToList();
        Assert.Contains(files, file => file.Contains("/tests/", StringComparison.Ordinal));
        Assert.Empty(files.SelectMany(file => XDocument.Load(file).Descendants("Compile").Select(compiled => $"{file}: {compiled}")));
    }

    [Theory]
    [InlineData("ConntrackOperator.Netfilter")]
    [InlineData("ConntrackOperator.Api")]
    [InlineData("ConntrackOperator.Planning")]
    [InlineData("ConntrackOperator.Kubernetes")]
    [InlineData("ConntrackOperator.Engine")]
    [InlineData("conntrack-agent")]
    public void Compiled_assembly_references_the_runtime_and_its_neighbours_alone(string assembly)
    {
        var names = Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!)
            .Where(n => !n.StartsWith("System.", StringComparison.Ordinal));
        var project = assembly == "conntrack-agent" ? "Agent" : NameOf(assembly);
        var allowed = _allowed[project].Select(n => "ConntrackOperator." + n)
            .Concat(_allowed[project].Append(project).SelectMany(n => _packages.GetValueOrDefault(n, [])));
        Assert.Empty(names.Except(allowed));
    }

    /// <summary>Planning decides, and does nothing: a dry run can't differ from the real run.</summary>
    [Fact]
    public void Planning_does_no_input_or_output()
    {
        var assembly = typeof(Planning.NodePlanner).Assembly;
        string[] effects = [
            "System.Net.Http", "System.Net.Sockets", "System.Diagnostics.Process", "System.IO.FileSystem.Watcher", "System.IO.Pipes"];
        Assert.Empty(assembly.GetReferencedAssemblies().Select(a => a.Name!).Intersect(effects));
        var files = Directory.GetFiles(
            Path.Combine(Repository.Root, "src", "ConntrackOperator.Planning"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        string[] words = ["File.", "Directory.", "TimeProvider", "Console.", "Environment.Get", "Random"];
        Assert.All(files, file => Assert.All(words, word => Assert.DoesNotContain(word, File.ReadAllText(file), StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Everything_but_controller_command_line_and_what_they_share_is_fit_for_Native_AOT(string project)
    {
        var said = Project(project).Descendants("IsAotCompatible").Select(e => e.Value).SingleOrDefault();
        Assert.Equal(project is "Controller" or "Cli" or "Cluster" ? "false" : null, said);
    }

    private static IEnumerable<string> References(string project, string kind) =>
        Project(project).Descendants(kind).Select(e => (string)e.Attribute("Include")!);

    private static XDocument Project(string name) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", $"ConntrackOperator.{name}", $"ConntrackOperator.{name}.csproj"));

    private static string NameOf(string path) =>
        Path.GetFileNameWithoutExtension(
            path.EndsWith(".csproj", StringComparison.Ordinal) ? path : path + ".csproj")["ConntrackOperator.".Length..];
}

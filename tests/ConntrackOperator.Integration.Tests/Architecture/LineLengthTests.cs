using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Lines of C# are 140 columns at most. What a raw string literal holds is data, and as long as it is.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 140;
    private const string Quotes = "\"\"\"";

    /// <summary>Files, and folders, that may still have longer lines. None may be added.</summary>
    private static readonly string[] _known =
    [
        "src/ConntrackOperator.Cli/Host/",
        "src/ConntrackOperator.Engine/Flushing/",
        "src/ConntrackOperator.Engine/Scanning/",
        "src/ConntrackOperator.Netfilter/Deleting/",
        "src/ConntrackOperator.Netfilter/Flows/",
        "src/ConntrackOperator.Netfilter/Matching/",
        "src/ConntrackOperator.Netfilter/Reading/",
        "tests/ConntrackOperator.Cli.Tests/Host/",
        "tests/ConntrackOperator.Engine.Tests/",
        "tests/ConntrackOperator.Incidents/",
        "tests/ConntrackOperator.Netfilter.Tests/",
        "tests/ConntrackOperator.Planning.Tests/",
        "src/ConntrackOperator.Agent/Loop/AgentLoop.cs",
        "src/ConntrackOperator.Agent/Reporting/ReportBounds.cs",
        "src/ConntrackOperator.Agent/Telemetry/AgentMetrics.cs",
        "src/ConntrackOperator.Agent/Telemetry/AgentTelemetry.cs",
        "src/ConntrackOperator.Api/Flushes/FlushConditions.cs",
        "src/ConntrackOperator.Api/Flushes/FlushGreMatch.cs",
        "src/ConntrackOperator.Api/Flushes/FlushIcmpMatch.cs",
        "src/ConntrackOperator.Api/Flushes/FlushMatch.cs",
        "src/ConntrackOperator.Api/Flushes/FlushStatus.cs",
        "src/ConntrackOperator.Api/Nodes/CompositionStatus.cs",
        "src/ConntrackOperator.Api/Nodes/ConntrackNode.cs",
        "src/ConntrackOperator.Api/Nodes/NodeFlush.cs",
        "src/ConntrackOperator.Api/Schema/RuleMessages.cs",
        "src/ConntrackOperator.Cli/Cluster/AddressBook.cs",
        "src/ConntrackOperator.Cli/Cluster/ClusterAdvise.cs",
        "src/ConntrackOperator.Cli/Cluster/ClusterFlush.cs",
        "src/ConntrackOperator.Cli/Cluster/ClusterReader.cs",
        "src/ConntrackOperator.Cli/Cluster/ClusterTop.cs",
        "src/ConntrackOperator.Cli/Cluster/NodeAdviceOutput.cs",
        "src/ConntrackOperator.Cli/Commands/CommandTree.Cluster.cs",
        "src/ConntrackOperator.Cli/Commands/MatchOptions.cs",
        "src/ConntrackOperator.Cli/Commands/TrackerOptions.cs",
        "src/ConntrackOperator.Cli/Files/ResourceDocuments.cs",
        "src/ConntrackOperator.Cli/Top/AdviceOutput.cs",
        "src/ConntrackOperator.Cli/Top/TopReport.cs",
        "src/ConntrackOperator.Cli/Top/TopText.cs",
        "src/ConntrackOperator.Cluster/AddressOwner.cs",
        "src/ConntrackOperator.Cluster/AddressOwnerOptions.cs",
        "src/ConntrackOperator.Cluster/AddressOwners.cs",
        "src/ConntrackOperator.Cluster/PodObject.cs",
        "src/ConntrackOperator.Controller/Aggregation/NamespaceEntries.cs",
        "src/ConntrackOperator.Controller/Namespaces/NamespaceEntriesWatch.cs",
        "src/ConntrackOperator.Controller/Cluster/ValueInterner.cs",
        "src/ConntrackOperator.Controller/Configuration/ControllerOptions.cs",
        "src/ConntrackOperator.Controller/ControllerCommand.cs",
        "src/ConntrackOperator.Controller/ControllerManager.cs",
        "src/ConntrackOperator.Controller/Flushes/FlushAssignments.cs",
        "src/ConntrackOperator.Controller/Flushes/FlushEvaluator.cs",
        "src/ConntrackOperator.Controller/Flushes/FlushProgress.cs",
        "src/ConntrackOperator.Controller/Nodes/NamedSources.cs",
        "src/ConntrackOperator.Controller/Nodes/NodeController.cs",
        "src/ConntrackOperator.Controller/Nodes/NodeEvents.cs",
        "src/ConntrackOperator.Controller/Nodes/NodeNews.cs",
        "src/ConntrackOperator.Controller/Telemetry/ControllerMetrics.cs",
        "src/ConntrackOperator.Controller/Telemetry/ControllerTelemetry.cs",
        "src/ConntrackOperator.Engine/Enforcement/Enforcer.cs",
        "src/ConntrackOperator.Engine/EngineOptions.cs",
        "src/ConntrackOperator.Engine/NodeEngine.cs",
        "src/ConntrackOperator.Engine/Translation/PortUses.cs",
        "src/ConntrackOperator.Kubernetes/Client/ApiClient.cs",
        "src/ConntrackOperator.Netfilter/Host/ThreadCpuTime.cs",
        "src/ConntrackOperator.Netfilter/Interop/CtnetlinkFilter.cs",
        "src/ConntrackOperator.Netfilter/Interop/Libc.cs",
        "src/ConntrackOperator.Netfilter/Interop/Native.cs",
        "src/ConntrackOperator.Netfilter/Interop/Timespec.cs",
        "src/ConntrackOperator.Netfilter/Sampling/Breakdown.cs",
        "src/ConntrackOperator.Netfilter/Sampling/BreakdownBuilder.cs",
        "src/ConntrackOperator.Netfilter/Sampling/BreakdownSummary.cs",
        "src/ConntrackOperator.Netfilter/Sampling/SamplingError.cs",
        "src/ConntrackOperator.Netfilter/Sampling/StateShare.cs",
        "src/ConntrackOperator.Netfilter/Sampling/TableScanner.cs",
        "src/ConntrackOperator.Planning/Formatting/ByteSize.cs",
        "src/ConntrackOperator.Planning/Validation/FlushValidator.cs",
        "tests/ConntrackOperator.Agent.Tests/Reporting/ReportBoundsTests.cs",
        "tests/ConntrackOperator.Benchmarks/Program.cs",
        "tests/ConntrackOperator.Benchmarks/Table/CpuTime.cs",
        "tests/ConntrackOperator.Benchmarks/Table/Figures.cs",
        "tests/ConntrackOperator.Benchmarks/Table/FilterRounds.cs",
        "tests/ConntrackOperator.Benchmarks/Table/PeakMemory.cs",
        "tests/ConntrackOperator.Benchmarks/Table/Shell.cs",
        "tests/ConntrackOperator.Benchmarks/Table/TableCommand.cs",
        "tests/ConntrackOperator.Benchmarks/Table/TableLoader.cs",
        "tests/ConntrackOperator.Benchmarks/Table/Taken.cs",
        "tests/ConntrackOperator.Cli.Tests/Cluster/ClusterTableTests.cs",
        "tests/ConntrackOperator.Cluster.Tests/AddressOwnersTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Aggregation/NamespaceEntriesTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Cluster/ValueInternerTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Flushes/FlushEvaluatorTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Nodes/NamedEventsTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Nodes/NamedSourcesTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Rights/ChartRightsTests.cs",
        "tests/ConntrackOperator.Simulation/SimulatedFleet.cs",
        "tests/ConntrackOperator.Telemetry.Tests/MetricsPageTests.cs",
    ];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void Lines_of_code_are_140_columns_at_most(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        var known = _known.Where(f => f.StartsWith(folder + "/", StringComparison.Ordinal)).ToList();
        var longer = files.ToDictionary(f => Path.GetRelativePath(Repository.Root, f), f => Longer(File.ReadAllLines(f)).ToList());
        Assert.Empty(longer
            .Where(f => !known.Exists(k => f.Key == k || (k.EndsWith('/') && f.Key.StartsWith(k, StringComparison.Ordinal))))
            .SelectMany(f => f.Value.Select(line => $"{f.Key}:{line}")));
    }

    [Fact]
    public void A_longer_line_is_found_and_what_a_raw_string_holds_is_not()
    {
        var code = new string('x', Columns + 1);
        Assert.Equal([2], Longer([code[1..], code]));
        Assert.Empty(Longer([$"var a = {Quotes}", code, $"    {Quotes};"]));
        Assert.Equal([4], Longer([$"var a = {Quotes}", code, $"    {Quotes};", code]));
        Assert.Equal([2], Longer([$"{code}{Quotes}{Quotes}", code]));
    }

    /// <summary>The numbers of the lines that are longer.</summary>
    private static IEnumerable<int> Longer(string[] lines)
    {
        var inside = false;
        foreach (var (number, line) in lines.Index())
        {
            var quotes = line.Split(Quotes).Length - 1;
            if (line.Length > Columns && !inside && quotes == 0)
            {
                yield return number + 1;
            }

            inside ^= quotes % 2 != 0;
        }
    }
}

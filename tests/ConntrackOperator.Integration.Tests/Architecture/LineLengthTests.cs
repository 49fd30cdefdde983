using ConntrackOperator.TestKit;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Lines of C# are 140 columns at most. What a raw string literal holds is data, and as long as it is.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 140;
    private const string Quotes = "\"\"\"";

    /// <summary>Files that still have longer lines. None may be added.</summary>
    private static readonly string[] _known =
    [
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
        "src/ConntrackOperator.Cli/Host/FlushReport.cs",
        "src/ConntrackOperator.Cli/Host/HostAdvise.cs",
        "src/ConntrackOperator.Cli/Host/HostFlush.cs",
        "src/ConntrackOperator.Cli/Host/HostLook.cs",
        "src/ConntrackOperator.Cli/Host/HostTopReport.cs",
        "src/ConntrackOperator.Cli/Top/AdviceOutput.cs",
        "src/ConntrackOperator.Cli/Top/TopReport.cs",
        "src/ConntrackOperator.Cli/Top/TopText.cs",
        "src/ConntrackOperator.Cluster/AddressOwner.cs",
        "src/ConntrackOperator.Cluster/AddressOwnerOptions.cs",
        "src/ConntrackOperator.Cluster/AddressOwners.cs",
        "src/ConntrackOperator.Cluster/PodObject.cs",
        "src/ConntrackOperator.Controller/Aggregation/NamespaceEntries.cs",
        "src/ConntrackOperator.Controller/Aggregation/NamespaceEntriesWatch.cs",
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
        "src/ConntrackOperator.Engine/Flushing/FlushErrors.cs",
        "src/ConntrackOperator.Engine/Flushing/FlushMatches.cs",
        "src/ConntrackOperator.Engine/Flushing/FlushRecord.cs",
        "src/ConntrackOperator.Engine/Flushing/FlushRunner.cs",
        "src/ConntrackOperator.Engine/NodeEngine.cs",
        "src/ConntrackOperator.Engine/Scanning/AdviceInput.cs",
        "src/ConntrackOperator.Engine/Scanning/CompositionBuilder.cs",
        "src/ConntrackOperator.Engine/Scanning/CountValidity.cs",
        "src/ConntrackOperator.Engine/Scanning/FullScan.cs",
        "src/ConntrackOperator.Engine/Scanning/ITableLooks.cs",
        "src/ConntrackOperator.Engine/Scanning/KernelTableLooks.cs",
        "src/ConntrackOperator.Engine/Scanning/NodeAdvice.cs",
        "src/ConntrackOperator.Engine/Scanning/ScanCycle.cs",
        "src/ConntrackOperator.Engine/Scanning/ScanResult.cs",
        "src/ConntrackOperator.Engine/Scanning/TableLook.cs",
        "src/ConntrackOperator.Engine/Scanning/TrafficFactsBuilder.cs",
        "src/ConntrackOperator.Engine/Translation/PortUses.cs",
        "src/ConntrackOperator.Kubernetes/Client/ApiClient.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DelayHistogram.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DeleteBatch.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DeletePair.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DeleteResult.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DeleteRun.cs",
        "src/ConntrackOperator.Netfilter/Deleting/DumpClock.cs",
        "src/ConntrackOperator.Netfilter/Deleting/FilteredFlush.cs",
        "src/ConntrackOperator.Netfilter/Deleting/FlowDeleter.cs",
        "src/ConntrackOperator.Netfilter/Deleting/FlowMatch.cs",
        "src/ConntrackOperator.Netfilter/Deleting/FlushOutcome.cs",
        "src/ConntrackOperator.Netfilter/Deleting/GreMatch.cs",
        "src/ConntrackOperator.Netfilter/Deleting/IcmpMatch.cs",
        "src/ConntrackOperator.Netfilter/Flows/FilterAttributes.cs",
        "src/ConntrackOperator.Netfilter/Flows/FlowFilter.cs",
        "src/ConntrackOperator.Netfilter/Flows/FlowPredicate.cs",
        "src/ConntrackOperator.Netfilter/Flows/FlowProtocols.cs",
        "src/ConntrackOperator.Netfilter/Flows/KernelFilter.cs",
        "src/ConntrackOperator.Netfilter/Flows/TupleFilter.cs",
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
        "tests/ConntrackOperator.Cli.Tests/Host/HostFlushTests.cs",
        "tests/ConntrackOperator.Cluster.Tests/AddressOwnersTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Aggregation/NamespaceEntriesTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Cluster/ValueInternerTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Flushes/FlushEvaluatorTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Nodes/NamedEventsTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Nodes/NamedSourcesTests.cs",
        "tests/ConntrackOperator.Controller.Tests/Rights/ChartRightsTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Culprits/TunedAndModprobeTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Flushing/FlushConditionsTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Flushing/FlushMatchesTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Flushing/FlushRunnerTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Kernel/FlushingEngine.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/CompositionBuilderTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/CountBesideTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/CountValidityTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/CountedTrafficTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/FakeTable.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/FullScanTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/KernelCountTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/Looks.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/NoChance.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/ScanCycleTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Scanning/TrafficFactsBuilderTests.cs",
        "tests/ConntrackOperator.Engine.Tests/State/TimeoutFileTests.cs",
        "tests/ConntrackOperator.Engine.Tests/Translation/PortUsesTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Deleting/DelayHistogramTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Deleting/DeleteBatchTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Deleting/DeletePairTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Filters/FilteredFlushTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Filters/KernelFilteredFlushTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Filters/PlayedKernel.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Filters/RandomMatches.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Filters/RefusedFlushTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Flows/FlowCase.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Host/ThreadCpuTimeTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Interop/HeaderTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Sampling/TableScannerTests.cs",
        "tests/ConntrackOperator.Netfilter.Tests/Survey/SurveyedEntriesTests.cs",
        "tests/ConntrackOperator.Planning.Tests/Formatting/KubeDurationTests.cs",
        "tests/ConntrackOperator.Planning.Tests/LabelSelectorsTests.cs",
        "tests/ConntrackOperator.Planning.Tests/NodePlannerTests.cs",
        "tests/ConntrackOperator.Planning.Tests/Settings/SettingCatalogTests.cs",
        "tests/ConntrackOperator.Planning.Tests/Sizing/NodeCapacityTests.cs",
        "tests/ConntrackOperator.Planning.Tests/Validation/FlushMessageTests.cs",
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
        Assert.Empty(longer.Where(f => !known.Contains(f.Key)).SelectMany(f => f.Value.Select(line => $"{f.Key}:{line}")));
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

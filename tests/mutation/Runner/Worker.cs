using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace ConntrackOperator.Mutation;

/// <summary>
/// The process that runs tests with one mutant after another switched on. What came out is written to a file, so that the next process goes
/// on where this one was ended (by a mutant that hangs, overflows the stack or leaves behind a state in which tests fail without it).
/// </summary>
internal sealed class Worker
{
    private readonly WorkFiles _files;
    private readonly ITestFrameworkExecutor _executor;
    private readonly List<ITestCase> _cases;
    private readonly Type _switch;
    private readonly int _mutants;

    private Worker(WorkFiles files)
    {
        _files = files;
        TestContext.SetForInitialization(null, false, false);
        var tests = Assembly.LoadFrom(files.Tests);
        _switch = Assembly.LoadFrom(files.Mutated).GetType("MutantSwitch", throwOnError: true)!;
        _mutants = ((bool[])_switch.GetField("Reached")!.GetValue(null)!).Length;
        var framework = new XunitTestFramework();
        _executor = framework.GetExecutor(tests);
        _cases = [];
        framework.GetDiscoverer(tests).Find(c =>
        {
            _cases.Add(c);
            return new(true);
        }, new Options(), null, null).AsTask().Wait();
    }

    /// <summary>Goes on with the mutants that have no outcome yet.</summary>
    /// <param name="files">Where everything is.</param>
    /// <param name="slowest">Tests that take longer are left out.</param>
    public static void Run(WorkFiles files, TimeSpan slowest)
    {
        var output = Console.Out;
        Console.SetOut(TextWriter.Null);
        var worker = new Worker(files);
        if (!File.Exists(files.Coverage))
        {
            output.WriteLine(worker.Cover(slowest));
        }

        worker.TryMutants();
    }

    /// <summary>
    /// Runs each test by itself, twice, and writes which mutants it meets the second time. What only the first run of a test met runs once
    /// a process, such as the initializer of a static field: it can't be switched on later.
    /// </summary>
    private string Cover(TimeSpan slowest)
    {
        var lines = new List<string>();
        var (slow, failed, skipped) = (new List<string>(), new List<string>(), 0);
        var limit = slowest + TimeSpan.FromSeconds(30);
        var (ever, again) = (new HashSet<int>(), new HashSet<int>());
        foreach (var test in _cases)
        {
            var time = Stopwatch.StartNew();
            var outcome = RunRecorded(test, limit, out var met);
            if (outcome == Outcome.Passed)
            {
                ever.UnionWith(met);
                time.Restart();
                outcome = RunRecorded(test, limit, out met);
                again.UnionWith(met);
                if (outcome == Outcome.Passed && time.Elapsed <= slowest)
                {
                    lines.Add($"{test.UniqueID}\t{time.ElapsedMilliseconds}\t{string.Join(',', met)}");
                    continue;
                }
            }

            skipped += outcome == Outcome.Skipped ? 1 : 0;
            (outcome == Outcome.Skipped ? [] : time.Elapsed > slowest ? slow : failed).Add(test.TestCaseDisplayName);
        }

        foreach (var id in ever.Except(again))
        {
            _files.Append(id, "static");
        }

        File.WriteAllLines(_files.Coverage, lines);
        return $"{lines.Count} tests; left out: {skipped} that skip themselves"
            + string.Concat(slow.Select(s => $"\n  slow: {s}"))
            + string.Concat(failed.Select(s => $"\n  fails without a mutant: {s}"));
    }

    private void TryMutants()
    {
        var byId = _cases.ToDictionary(c => c.UniqueID);
        var tests = File.ReadAllLines(_files.Coverage).Select(l => l.Split('\t'))
            .Select(p => (Case: byId[p[0]], Time: long.Parse(p[1], CultureInfo.InvariantCulture), Ids: p[2].Split(',').ToHashSet()))
            .OrderBy(t => t.Time).ToList();
        foreach (var id in _files.Remaining())
        {
            var reaching = tests.Where(t => t.Ids.Contains($"{id}")).ToList();
            if (reaching.Count == 0)
            {
                _files.Append(id, "not reached");
                continue;
            }

            _files.Append(id, WorkFiles.Started);
            Set("Active", id);
            ITestCase? killer = null;
            foreach (var test in reaching)
            {
                // Generous: a test that only got slower on a busy machine has noticed nothing.
                switch (RunTest(test.Case, TimeSpan.FromMilliseconds(5_000 + 10 * test.Time)))
                {
                    case Outcome.Hangs:
                        _files.Append(id, $"killed\t(takes too long) {test.Case.TestCaseDisplayName}");
                        Process.GetCurrentProcess().Kill();
                        break;
                    case Outcome.Failed:
                        killer = test.Case;
                        break;
                }

                if (killer is not null)
                {
                    break;
                }
            }

            Set("Active", -1);
            _files.Append(id, killer is null ? "survived" : $"killed\t{killer.TestCaseDisplayName}");
            if (killer is not null && RunTest(killer, TimeSpan.FromMinutes(1)) != Outcome.Passed)
            {
                Process.GetCurrentProcess().Kill();
            }
        }
    }

    private Outcome RunTest(ITestCase test, TimeSpan limit)
    {
        using var cancel = new CancellationTokenSource();
        var sink = new Sink();
        var run = Task.Run(() => _executor.RunTestCases([test], sink, new Options(), cancel.Token).AsTask());
        if (run.Wait(limit))
        {
            return sink.Outcome;
        }

        Set("Aborts", true);
        cancel.Cancel();
        var ended = run.Wait(TimeSpan.FromSeconds(5));
        Set("Aborts", false);
        return ended ? Outcome.Failed : Outcome.Hangs;
    }

    private Outcome RunRecorded(ITestCase test, TimeSpan limit, out List<int> met)
    {
        var reached = new bool[_mutants];
        Set("Reached", reached);
        Set("Records", true);
        var outcome = RunTest(test, limit);
        Set("Records", false);
        met = [.. reached.Index().Where(r => r.Item).Select(r => r.Index)];
        return outcome;
    }

    private void Set(string field, object value) => _switch.GetField(field)!.SetValue(null, value);

    private enum Outcome
    {
        Passed,
        Failed,
        Skipped,
        Hangs,
    }

    private sealed class Sink : IMessageSink
    {
        private volatile Outcome _outcome = Outcome.Passed;

        public Outcome Outcome => _outcome;

        public bool OnMessage(IMessageSinkMessage message)
        {
            _outcome = message switch
            {
                ITestFailed or IErrorMessage or ITestCleanupFailure or ITestClassCleanupFailure or ITestCollectionCleanupFailure =>
                    Outcome.Failed,
                ITestSkipped when _outcome == Outcome.Passed => Outcome.Skipped,
                _ => _outcome,
            };
            return _outcome != Outcome.Failed;
        }
    }

    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = new()
        {
            ["xunit.discovery.PreEnumerateTheories"] = true,
            ["xunit.execution.DisableParallelization"] = true,
        };

        public TValue? GetValue<TValue>(string name) => _values.TryGetValue(name, out var value) && value is TValue v ? v : default;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;

        public string ToJson() => "{}";
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.Loader;
using System.Text.Json;
using ConntrackOperator.Mutation;

// ConntrackOperator.Mutation PROJECT [--again] [FOLDER…]: from the root of the repository, after its tests were built in Release.
if (args is ["--worker", var work, var name, var seconds])
{
    var files = new WorkFiles(work, name);
    AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", files.Binaries + "/");
    AssemblyLoadContext.Default.Resolving += (context, assembly) =>
        Path.Combine(files.Binaries, $"{assembly.Name}.dll") is var path && File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
    Worker.Run(files, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)));
    return 0;
}

if (args.Length == 0 || !File.Exists($"tests/mutation/{args[0]}.json"))
{
    Console.Error.WriteLine("usage, in the repository's root: ConntrackOperator.Mutation PROJECT [--again] [FOLDER…]");
    return 2;
}

var project = $"ConntrackOperator.{args[0]}";
var folder = Path.GetFullPath($"artifacts/mutation/{args[0]}-fast");
string[] folders = [.. args[1..].Where(arg => arg != "--again")];
var killed = args.Contains("--again") ? Report.ReadKilled(folder) : [];
if (Directory.Exists(folder))
{
    Directory.Delete(folder, recursive: true);
}

var run = new WorkFiles(folder, project);
CopyTo(run.Binaries, $"tests/{project}.Tests/bin/Release/net10.0");
var left = Exclusions($"tests/mutation/{args[0]}.json");
var mutants = new MutatedAssembly($"src/{project}/{project}.csproj").Write(
    run.Mutated, path => !left.Any(f => IsIn(path, f)) && (folders.Length == 0 || folders.Any(f => IsIn(path, f))));
File.WriteAllLines(run.Mutants, mutants.Where(m => !m.InStaticInitializer).Select(m => $"{m.Id}"));
foreach (var mutant in mutants.Where(m => !m.InStaticInitializer && killed.Remove(m.Text)))
{
    run.Append(mutant.Id, "killed");
}

Console.WriteLine($"{mutants.Count} mutants, {run.ReadOutcomes().Count} of them known to be killed");

var watch = Stopwatch.StartNew();
while (run.Remaining().Any())
{
    var before = run.ReadOutcomes().Count;
    RunWorker(run);
    if (run.ReadOutcomes().Count == before)
    {
        Console.Error.WriteLine("The process that runs the tests ended without trying a mutant.");
        return 1;
    }
}

Report.Write(mutants, run);
Console.WriteLine($"{watch.Elapsed.TotalMinutes:0} min; each mutant is in {Path.GetRelativePath(".", folder)}/report.tsv");
return 0;

static bool IsIn(string path, string folder) =>
    path.StartsWith(folder + "/", StringComparison.Ordinal) || folder == "." && !path.Contains('/');

static void CopyTo(string target, string source)
{
    foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
    {
        var copy = Path.Combine(target, Path.GetRelativePath(source, file));
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy(file, copy);
    }
}

// Of Stryker's configuration: "!**/Interop/**".
static List<string> Exclusions(string configuration)
{
    using var json = JsonDocument.Parse(File.ReadAllText(configuration));
    return json.RootElement.GetProperty("stryker-config").TryGetProperty("mutate", out var mutate)
        ? [.. mutate.EnumerateArray().Select(m => m.GetString()!.Trim('!', '*', '/'))]
        : [];
}

// Until it ends, or nothing has come of it for two minutes.
static void RunWorker(WorkFiles run)
{
    var slowest = Environment.GetEnvironmentVariable("SLOWEST_TEST") ?? "0.5";
    var start = new ProcessStartInfo(Environment.ProcessPath!, ["--worker", run.Folder, run.Project, slowest]);
    start.Environment["DOTNET_GCHeapHardLimit"] = "60000000";
    start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
    using var process = Process.Start(start)!;
    for (var last = -1; !process.WaitForExit(TimeSpan.FromMinutes(2)) && File.Exists(run.Coverage);)
    {
        var now = run.ReadOutcomes().Count;
        if (now == last)
        {
            process.Kill(entireProcessTree: true);
        }

        last = now;
    }

    process.WaitForExit();
}

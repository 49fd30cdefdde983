using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ConntrackOperator.Mutation;

/// <summary>One project, compiled as its build would, with all mutants in it.</summary>
internal sealed class MutatedAssembly
{
    private const string Switch = """
        internal static class MutantSwitch
        {
            public static volatile int Active = -1;
            public static volatile bool Records;
            public static volatile bool Aborts;
            public static bool[] Reached = new bool[MUTANTS];

            public static bool On(int id)
            {
                if (Records) { Reached[id] = true; }
                if (Aborts) { throw new System.OperationCanceledException("The mutant takes too long."); }
                return Active == id;
            }
        }
        """;

    private readonly string _folder;
    private readonly CSharpCompilation _original;
    private readonly HashSet<int> _dropped = [];

    /// <param name="project">Its .csproj. It has been built in Release.</param>
    public MutatedAssembly(string project)
    {
        _folder = Path.GetDirectoryName(Path.GetFullPath(project))!;
        var arguments = CSharpCommandLineParser.Default.Parse(CompilerArguments(project), _folder, null);
        var parse = arguments.ParseOptions.WithDocumentationMode(DocumentationMode.None);
        var compilation = CSharpCompilation.Create(
            arguments.CompilationName,
            arguments.SourceFiles.Select(f => CSharpSyntaxTree.ParseText(File.ReadAllText(f.Path), parse, f.Path)),
            arguments.MetadataReferences.Select(r => MetadataReference.CreateFromFile(r.Reference, r.Properties)),
            arguments.CompilationOptions.WithGeneralDiagnosticOption(ReportDiagnostic.Default).WithSpecificDiagnosticOptions([]));
        var generators = arguments.AnalyzerReferences
            .Select(r => new Microsoft.CodeAnalysis.Diagnostics.AnalyzerFileReference(r.FilePath, new AnalyzerLoader()))
            .SelectMany(r => r.GetGenerators(LanguageNames.CSharp));
        CSharpGeneratorDriver.Create(generators, parseOptions: parse)
            .RunGeneratorsAndUpdateCompilation(compilation, out var generated, out _);
        _original = (CSharpCompilation)generated;
    }

    /// <summary>Writes the assembly.</summary>
    /// <param name="output">The file.</param>
    /// <param name="isWanted">Whether a file of the project (its path from the project's folder) gets mutants.</param>
    /// <returns>The mutants that compile, and those that run once a process.</returns>
    public IReadOnlyList<Mutant> Write(string output, Func<string, bool> isWanted)
    {
        for (var pass = 0; pass < 40; pass++)
        {
            var mutants = new List<Mutant>();
            var compilation = _original;
            foreach (var tree in _original.SyntaxTrees)
            {
                var path = Path.GetRelativePath(_folder, tree.FilePath);
                var isOurs = !path.StartsWith("..", StringComparison.Ordinal) && !path.StartsWith("obj/", StringComparison.Ordinal);
                if (!isOurs || !File.Exists(tree.FilePath) || !isWanted(path))
                {
                    continue;
                }

                var mutator = new Mutator(path, mutants.Count, _dropped);
                var root = (CSharpSyntaxNode)mutator.Visit(tree.GetRoot())!;
                mutants.AddRange(mutator.Mutants);
                compilation = compilation.ReplaceSyntaxTree(
                    tree, CSharpSyntaxTree.Create(root, (CSharpParseOptions)tree.Options, tree.FilePath, System.Text.Encoding.UTF8));
            }

            var mutantSwitch = Switch.Replace("MUTANTS", $"{mutants.Count}", StringComparison.Ordinal);
            compilation = compilation.AddSyntaxTrees(
                CSharpSyntaxTree.ParseText(mutantSwitch, (CSharpParseOptions)_original.SyntaxTrees[0].Options, "MutantSwitch.cs"));
            using var stream = new MemoryStream();
            var result = compilation.Emit(stream);
            if (result.Success)
            {
                File.WriteAllBytes(output, stream.ToArray());
                return [.. mutants.Where(m => !_dropped.Contains(m.Id))];
            }

            foreach (var error in result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error))
            {
                Drop(error);
            }
        }

        throw new InvalidOperationException($"{_original.AssemblyName} does not compile with mutants.");
    }

    /// <summary>
    /// Drops the innermost mutant around an error. What a removed statement leaves unassigned or without a return is found elsewhere: then
    /// those removals of the member that have to do with it.
    /// </summary>
    private void Drop(Diagnostic error)
    {
        var tree = error.Location.SourceTree ?? throw new InvalidOperationException(error.ToString());
        var node = tree.GetRoot().FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true);
        if (error.Id is not ("CS0165" or "CS0161" or "CS0177")
            && node.AncestorsAndSelf().FirstOrDefault(n => n.HasAnnotations(Mutator.Annotation)) is { } mutated)
        {
            _dropped.Add(IdOf(mutated));
            return;
        }

        var member = node.FirstAncestorOrSelf<MemberDeclarationSyntax>() ?? throw new InvalidOperationException(error.ToString());
        var all = member.DescendantNodes().Where(n => n.HasAnnotations(Mutator.Annotation)).ToList();
        var name = new Regex($@"\b{Regex.Escape(node.ToString())}\b");
        var related = all.Where(n => n is BlockSyntax
            && (error.Id == "CS0161" ? n.DescendantNodes().Any(d => d is ThrowStatementSyntax) : name.IsMatch(n.ToString()))).ToList();
        if (all.Count == 0)
        {
            throw new InvalidOperationException(error.ToString());
        }

        _dropped.UnionWith((related.Count > 0 ? related : all).Select(IdOf));
    }

    private static int IdOf(SyntaxNode node) =>
        int.Parse(node.GetAnnotations(Mutator.Annotation).Last().Data!, System.Globalization.CultureInfo.InvariantCulture);

    private static List<string> CompilerArguments(string project)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "msbuild", project, "-nodeReuse:false", "-t:Compile", "-getItem:CscCommandLineArgs", "-p:Configuration=Release",
                "-p:BuildProjectReferences=false", "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true",
                "-p:NonExistentFile=/nonexistent",
            },
        };
        using var process = Process.Start(start)!;
        using var json = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        return
        [
            .. json.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
                .Select(i => i.GetProperty("Identity").GetString()!),
        ];
    }

    private sealed class AnalyzerLoader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public System.Reflection.Assembly LoadFromPath(string fullPath) => System.Reflection.Assembly.LoadFrom(fullPath);
    }
}

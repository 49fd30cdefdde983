using System.Reflection;
using System.Runtime.CompilerServices;

namespace ConntrackOperator.Integration.Tests.Architecture;

/// <summary>Parameters of public members are whole words, and the same word for the same thing.</summary>
public sealed class ParameterNameTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string[] _abbreviations =
    [
        "arg", "args", "buf", "cb", "cfg", "ct", "ctx", "ex", "fn", "idx", "len", "msg", "ns", "num", "obj", "opts", "param", "ptr", "str",
        "val",
    ];

    public static TheoryData<string> Assemblies { get; } =
    [
        "ConntrackOperator.Netfilter", "ConntrackOperator.Api", "ConntrackOperator.Planning", "ConntrackOperator.Kubernetes",
        "ConntrackOperator.Engine", "ConntrackOperator.Telemetry", "ConntrackOperator.Cluster", "kubectl-conntrack",
    ];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Public_parameters_are_whole_words(string assembly)
    {
        var parameters = Assembly.Load(assembly).GetExportedTypes().SelectMany(Parameters).ToList();
        Assert.NotEmpty(parameters);
        None(parameters.Where(p => p.Name!.Length == 1 || _abbreviations.Contains(p.Name)));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Public_cancellation_tokens_are_called_so(string assembly) =>
        None(Assembly.Load(assembly).GetExportedTypes().SelectMany(Parameters)
            .Where(p => p.ParameterType == typeof(CancellationToken) && p.Name != "cancellationToken"));

    private static IEnumerable<ParameterInfo> Parameters(Type type) =>
        type.GetMembers(Declared).OfType<MethodBase>()
            .Where(m => (m.IsPublic || m.IsFamily) && !m.IsDefined(typeof(CompilerGeneratedAttribute)) && !IsOfComparer(m))
            .SelectMany(m => m.GetParameters());

    // The framework calls them x and y.
    private static bool IsOfComparer(MethodBase method) => method.Name == nameof(IComparer<>.Compare)
        && method.DeclaringType!.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IComparer<>));

    private static void None(IEnumerable<ParameterInfo> parameters)
    {
        var names = parameters.Select(p => $"{p.Member.DeclaringType}.{p.Member.Name}: {p.Name}").ToList();
        Assert.True(names.Count == 0, string.Join('\n', names));
    }
}

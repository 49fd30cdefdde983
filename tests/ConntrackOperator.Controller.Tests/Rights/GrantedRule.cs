using ConntrackOperator.TestKit;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Tests.Rights;

/// <summary>One rule of a Role or ClusterRole, as RBAC reads it.</summary>
/// <param name="Namespace">Of a Role; null: a ClusterRole's, for all namespaces.</param>
internal sealed record GrantedRule(string? Namespace, string[] Groups, string[] Resources, string[] Names, string[] Verbs)
{
    /// <summary>Every rule of the roles in a file.</summary>
    public static List<GrantedRule> Read(string path)
    {
        using var reader = File.OpenText(path);
        var yaml = new YamlStream();
        yaml.Load(reader);
        return
        [
            .. from document in yaml.Documents
               let role = (YamlMappingNode)document.RootNode
               where (string?)role["kind"] is "Role" or "ClusterRole"
               from rule in ((YamlSequenceNode)role["rules"]).Cast<YamlMappingNode>()
               select new GrantedRule(
                   role["metadata"] is YamlMappingNode metadata && metadata.Children.TryGetValue("namespace", out var ns)
                       ? (string?)ns : null,
                   List(rule, "apiGroups"), List(rule, "resources"), List(rule, "resourceNames"), List(rule, "verbs")),
        ];
    }

    /// <summary>Whether the rule allows a request; a list or watch has the name that its field selector asks for.</summary>
    public bool Allows(RequestRecord request, string verb) =>
        (Namespace is null || Namespace == request.Namespace)
        && Groups.Contains(request.Path.StartsWith("/apis/", StringComparison.Ordinal) ? request.Path.Split('/')[2] : string.Empty)
        && Resources.Contains(Resource(request)) && Verbs.Contains(verb)
        && (Names.Length == 0 || Names.Contains(Name(request)));

    public static string Resource(RequestRecord request) =>
        request.Subresource is null ? request.Plural! : $"{request.Plural}/{request.Subresource}";

    private static string? Name(RequestRecord request) =>
        request.Name
            ?? (request.Query.TryGetValue("fieldSelector", out var selector)
                && selector.StartsWith("metadata.name=", StringComparison.Ordinal)
            ? selector["metadata.name=".Length..]
            : null);

    private static string[] List(YamlMappingNode rule, string key) =>
        rule.Children.TryGetValue(key, out var values) ? [.. ((YamlSequenceNode)values).Select(v => (string?)v ?? string.Empty)] : [];
}

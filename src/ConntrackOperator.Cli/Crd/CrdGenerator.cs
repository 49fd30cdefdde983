using System.Reflection;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Cli.Crd;

/// <summary>Makes the manifests of the CustomResourceDefinitions from the API's types, their attributes and their documentation.</summary>
public static class CrdGenerator
{
    /// <summary>The file that <c>kubectl apply -k</c> looks for.</summary>
    public const string KustomizationFile = "kustomization.yaml";

    private const string Header = "# Made by `kubectl-conntrack crd` from the types in src/ConntrackOperator.Api. Do not edit.\n";

    private static readonly Type[] _kinds = [typeof(ConntrackFlush), typeof(ConntrackNode), typeof(ConntrackPolicy)];

    /// <summary>All manifests.</summary>
    /// <returns>File name to YAML text, in the order of the names; the same text at each call.</returns>
    public static IReadOnlyDictionary<string, string> Generate()
    {
        var builder = new SchemaBuilder(XmlDocumentation.Load());
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var kind in _kinds)
        {
            var resource = kind.GetCustomAttribute<CustomResourceAttribute>()!;
            files[$"{ApiGroup.Name}_{resource.Plural}.yaml"] = Header + YamlWriter.Write(Manifest(kind, resource, builder));
        }

        var kustomization = new JsonObject
        {
            ["apiVersion"] = "kustomize.config.k8s.io/v1beta1",
            ["kind"] = "Kustomization",
            ["resources"] = new JsonArray([.. files.Keys.Select(name => JsonValue.Create(name))]),
        };
        files[KustomizationFile] = Header + YamlWriter.Write(kustomization);
        return files;
    }

    /// <summary>The CustomResourceDefinitions as objects.</summary>
    internal static IReadOnlyList<JsonObject> Manifests()
    {
        var builder = new SchemaBuilder(XmlDocumentation.Load());
        return [.. _kinds.Select(kind => Manifest(kind, kind.GetCustomAttribute<CustomResourceAttribute>()!, builder))];
    }

    private static JsonObject Manifest(Type kind, CustomResourceAttribute resource, SchemaBuilder builder) => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "CustomResourceDefinition",
        ["metadata"] = new JsonObject { ["name"] = $"{resource.Plural}.{ApiGroup.Name}" },
        ["spec"] = new JsonObject
        {
            ["group"] = ApiGroup.Name,
            ["names"] = new JsonObject
            {
                ["kind"] = resource.Kind,
                ["listKind"] = resource.Kind + "List",
                ["plural"] = resource.Plural,
                ["singular"] = resource.Kind.ToLowerInvariant(),
                ["shortNames"] = new JsonArray(JsonValue.Create(resource.ShortName)),
                ["categories"] = new JsonArray(JsonValue.Create(ApiGroup.Category)),
            },
            ["scope"] = "Cluster",
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = ApiGroup.Version,
                ["served"] = true,
                ["storage"] = true,
                ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                ["additionalPrinterColumns"] = Columns(kind),
                ["schema"] = new JsonObject { ["openAPIV3Schema"] = builder.Kind(kind) },
            }),
        },
    };

    private static JsonArray Columns(Type kind)
    {
        var columns = new JsonArray();
        foreach (var column in kind.GetCustomAttributes<PrinterColumnAttribute>())
        {
            var entry = new JsonObject { ["name"] = column.Name, ["type"] = column.Type };
            if (column.Description is not null)
            {
                entry["description"] = column.Description;
            }

            entry["jsonPath"] = column.JsonPath;
            if (column.Wide)
            {
                entry["priority"] = 1;
            }

            columns.Add(entry);
        }

        return columns;
    }
}

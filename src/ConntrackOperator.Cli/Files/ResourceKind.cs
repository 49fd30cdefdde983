using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>A kind of object that a file may hold, and how it is checked.</summary>
/// <param name="Name">The kind's name, such as ConntrackPolicy.</param>
/// <param name="Noun">What people call it, such as policy.</param>
/// <param name="Json">Its JSON.</param>
/// <param name="Validate">Its rules.</param>
/// <param name="WithMetadata">A copy with the metadata that was checked.</param>
internal sealed record ResourceKind<T>(
    string Name,
    string Noun,
    JsonTypeInfo<T> Json,
    Func<T, IReadOnlyList<FieldError>> Validate,
    Func<T, ObjectMeta?, T> WithMetadata)
    where T : class, IKubernetesObject
{
    private readonly Lazy<JsonObject> _schema = new(() => new SchemaBuilder(XmlDocumentation.Load()).Kind(typeof(T)));

    /// <summary>The CRD's schema.</summary>
    internal JsonObject Schema => _schema.Value;

    /// <summary>Kinds of this group that belong elsewhere, with what to do with them.</summary>
    internal IReadOnlyDictionary<string, string> Others { get; init; } = new Dictionary<string, string>();
}

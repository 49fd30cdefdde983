using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ConntrackOperator.Cli.Crd;

/// <summary>The API's XML documentation, built into this program, as the descriptions of schemas.</summary>
internal sealed partial class XmlDocumentation
{
    private const string ResourceName = "ConntrackOperator.Api.xml";

    private readonly Dictionary<string, string> _summaries;

    private XmlDocumentation(XDocument document) => _summaries = document.Descendants("member")
        .Where(member => member.Element("summary") is not null)
        .ToDictionary(member => member.Attribute("name")!.Value, member => Text(member.Element("summary")!), StringComparer.Ordinal);

    /// <summary>Reads the documentation from this program's resources.</summary>
    internal static XmlDocumentation Load()
    {
        using var stream = typeof(XmlDocumentation).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"this program was built without its resource {ResourceName}");
        return new XmlDocumentation(XDocument.Load(stream));
    }

    /// <summary>What a type's summary says; null without one.</summary>
    internal string? Of(Type type) => _summaries.GetValueOrDefault("T:" + type.FullName!.Replace('+', '.'));

    /// <summary>What a property's summary says; null without one.</summary>
    internal string? Of(PropertyInfo property) =>
        _summaries.GetValueOrDefault($"P:{property.DeclaringType!.FullName!.Replace('+', '.')}.{property.Name}");

    private static string Text(XElement element) => Spaces().Replace(
        string.Concat(element.DescendantNodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { IsEmpty: true } reference => (reference.Attribute("cref") ?? reference.Attribute("langword"))?.Value.Split('.')[^1],
            _ => null,
        })),
        " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}

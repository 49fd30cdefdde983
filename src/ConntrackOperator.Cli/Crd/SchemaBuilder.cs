using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Cli.Crd;

/// <summary>Makes structural OpenAPI schemas from the API's records.</summary>
internal sealed class SchemaBuilder(XmlDocumentation documentation)
{
    /// <summary>The longest time, in characters: 2026-01-31T12:00:00.123456789+01:00 has 35.</summary>
    private const int MaximumTime = 40;

    /// <summary>The schema of a kind.</summary>
    internal JsonObject Kind(Type type)
    {
        var properties = new JsonObject
        {
            ["apiVersion"] = Text("string", "Group and version of the object's schema."),
            ["kind"] = Text("string", "The object's kind."),
            ["metadata"] = new JsonObject { ["type"] = "object" },
        };
        foreach (var property in Properties(type).Where(property => property.Name is not (nameof(IKubernetesObject.ApiVersion)
            or nameof(IKubernetesObject.Kind) or nameof(IKubernetesObject.Metadata))))
        {
            properties[JsonName(property)] = Property(property);
        }

        return Object(type, properties, documentation.Of(type));
    }

    /// <summary>The property's name in JSON.</summary>
    internal static string JsonName(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>A type's fields, in the order of their declaration.</summary>
    internal static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).OrderBy(property => property.MetadataToken);

    private JsonObject Property(PropertyInfo property)
    {
        var schema = new JsonObject();
        if (documentation.Of(property) is { } description)
        {
            schema["description"] = description;
        }

        Fill(schema, property.PropertyType);
        ApplyKeywords(property, schema);
        SchemaRules.Apply(property, schema);
        return schema;
    }

    private void Fill(JsonObject schema, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            schema["type"] = "string";
            schema["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => JsonValue.Create(name))]);
        }
        else if (type == typeof(Quantity) || type == typeof(CountOrPercent) || type == typeof(ProtocolValue))
        {
            schema["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" });
            schema["x-kubernetes-int-or-string"] = true;
        }
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            schema["type"] = "array";
            schema["items"] = Nested(type.GenericTypeArguments[0]);
        }
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
        {
            schema["type"] = "object";
            schema["additionalProperties"] = Nested(type.GenericTypeArguments[1]);
        }
        else if (Scalar(type) is { } scalar)
        {
            schema["type"] = scalar.Type;
            if (scalar.Format is not null)
            {
                schema["format"] = scalar.Format;
            }

            if (type == typeof(DateTimeOffset))
            {
                // The format takes any number of decimals.
                schema["maxLength"] = MaximumTime;
            }
        }
        else
        {
            FillObject(schema, type);
        }
    }

    private JsonObject Nested(Type type)
    {
        var schema = new JsonObject();
        if (Scalar(type) is null && documentation.Of(type) is { } description)
        {
            schema["description"] = description;
        }

        Fill(schema, type);
        return schema;
    }

    private void FillObject(JsonObject schema, Type type)
    {
        var properties = new JsonObject();
        foreach (var property in Properties(type))
        {
            properties[JsonName(property)] = Property(property);
        }

        foreach (var (key, value) in Object(type, properties, description: null))
        {
            schema[key] = value?.DeepClone();
        }
    }

    private static JsonObject Object(Type type, JsonObject properties, string? description)
    {
        var schema = new JsonObject();
        if (description is not null)
        {
            schema["description"] = description;
        }

        schema["type"] = "object";
        var required = Properties(type).Where(property => property.GetCustomAttribute<RequiredAttribute>() is not null).Select(JsonName)
            .ToList();
        if (required.Count > 0)
        {
            schema["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]);
        }

        schema["properties"] = properties;
        SchemaRules.Apply(type, schema);
        return schema;
    }

    private static void ApplyKeywords(PropertyInfo property, JsonObject schema)
    {
        var isMap = schema["additionalProperties"] is not null;
        var leaf = schema["items"] is not null || isMap ? SchemaRules.Items(schema) : schema;
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            schema["minimum"] = range.Minimum;
            schema["maximum"] = range.Maximum;
        }

        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
        {
            leaf["enum"] = new JsonArray([.. allowed.Values.Select(value => JsonValue.Create(value))]);
        }

        if (property.GetCustomAttribute<MinLengthAttribute>() is { } minimum)
        {
            schema["minLength"] = minimum.Value;
        }

        if (property.GetCustomAttribute<MaxLengthAttribute>() is { } maximum)
        {
            leaf["maxLength"] = maximum.Value;
        }

        if (property.GetCustomAttribute<PatternAttribute>() is { } pattern)
        {
            leaf["pattern"] = pattern.Expression;
        }

        if (property.GetCustomAttribute<MaxItemsAttribute>() is { } items)
        {
            schema[isMap ? "maxProperties" : "maxItems"] = items.Value;
        }

        if (property.GetCustomAttribute<ListMapKeyAttribute>() is { } key)
        {
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = new JsonArray(JsonValue.Create(key.Key));
        }
        else if (schema["items"] is not null)
        {
            schema["x-kubernetes-list-type"] = "atomic";
        }
        else if (property.GetCustomAttribute<AtomicAttribute>() is not null)
        {
            schema["x-kubernetes-map-type"] = "atomic";
        }

        if (property.GetCustomAttribute<DefaultAttribute>() is { } value)
        {
            schema["default"] = JsonNode.Parse(value.Json);
        }
    }

    private static (string Type, string? Format)? Scalar(Type type) =>
        type == typeof(string) ? ("string", null)
        : type == typeof(bool) ? ("boolean", null)
        : type == typeof(int) ? ("integer", "int32")
        : type == typeof(long) ? ("integer", "int64")
        : type == typeof(double) ? ("number", "double")
        : type == typeof(DateTimeOffset) ? ("string", "date-time")
        : null;

    private static JsonObject Text(string type, string description) => new() { ["description"] = description, ["type"] = type };
}

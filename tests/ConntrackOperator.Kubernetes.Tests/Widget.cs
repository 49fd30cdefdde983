using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests;

public sealed record Widget : IKubernetesObject
{
    public static ResourceType Type { get; } = new("test.conntrack.dev", "v1", "widgets", "Widget", false);

    public static FakeResource Resource { get; } = new FakeResource(Type).WithListMap("spec.parts", "name");

    public string? ApiVersion { get; init; } = "test.conntrack.dev/v1";

    public string? Kind { get; init; } = "Widget";

    public ObjectMeta? Metadata { get; init; }

    public WidgetSpec? Spec { get; init; }

    public WidgetStatus? Status { get; init; }

    public static Widget Named(string name, int? size = null) =>
        new() { Metadata = new() { Name = name }, Spec = new() { Size = size } };
}

public sealed record WidgetSpec
{
    public int? Size { get; init; }

    public string? Color { get; init; }

    public DateTimeOffset? MadeAt { get; init; }

    public List<WidgetPart>? Parts { get; init; }
}

public sealed record WidgetPart
{
    public string? Name { get; init; }

    public int? Count { get; init; }
}

public sealed record WidgetStatus
{
    public string? Phase { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesTimeConverter)])]
[JsonSerializable(typeof(Widget))]
internal sealed partial class WidgetJson : JsonSerializerContext;

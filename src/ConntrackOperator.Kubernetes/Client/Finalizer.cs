using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>Puts one finalizer on objects of a kind and takes it off, by JSON Patch with tests, so that a finalizer of
/// somebody else is never touched.</summary>
public sealed class Finalizer<T>
    where T : class, IKubernetesObject
{
    private readonly ApiClient _client;
    private readonly ResourceType _type;
    private readonly JsonTypeInfo<T> _json;
    private readonly string _name;

    /// <summary>Creates it.</summary>
    /// <param name="client">The API.</param>
    /// <param name="type">The kind of the objects.</param>
    /// <param name="json">How one is read.</param>
    /// <param name="name">The finalizer, such as <c>conntrack.dev/restore</c>.</param>
    public Finalizer(ApiClient client, ResourceType type, JsonTypeInfo<T> json, string name)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(json);
        ArgumentException.ThrowIfNullOrEmpty(name);
        _client = client;
        _type = type;
        _json = json;
        _name = name;
    }

    /// <summary>Whether an object has it.</summary>
    public bool IsOn(T item) => item?.Metadata?.Finalizers?.Contains(_name) == true;

    /// <summary>Puts it on, unless the object has it or is being deleted.</summary>
    /// <returns>False: the object has changed meanwhile or is gone; look again.</returns>
    /// <exception cref="ApiException">Anything but a conflict; <see cref="ApiException.IsRefused"/> when somebody's admission policy says
    /// no.</exception>
    public async Task<bool> EnsureAsync(T item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (IsOn(item))
        {
            return true;
        }

        // A finalizer cannot be added to what is being deleted.
        return item.Metadata?.DeletionTimestamp is null && await PatchAsync(item, AddPatch(item), cancellationToken);
    }

    /// <summary>Takes it off, if it is on.</summary>
    /// <returns>False: the object has changed meanwhile; look again.</returns>
    /// <exception cref="ApiException">Anything but a conflict or that the object is gone; <see cref="ApiException.IsRefused"/> when
    /// somebody's admission policy says no.</exception>
    public async Task<bool> RemoveAsync(T item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        try
        {
            return !IsOn(item) || await PatchAsync(item, RemovePatch(item), cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return true;
        }
    }

    private async Task<bool> PatchAsync(T item, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken)
    {
        try
        {
            await _client.PatchAsync(
                _type, item.Metadata!.Namespace, item.Metadata.Name!, PatchKind.Json, patch, _json, null, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsConflict || e.IsFailedTest)
        {
            return false;
        }
    }

    private ReadOnlyMemory<byte> AddPatch(T item) => Operations(writer =>
    {
        Operation(writer, "test", "/metadata/uid", item.Metadata!.Uid);
        if (item.Metadata.Finalizers is { Count: > 0 })
        {
            Operation(writer, "add", "/metadata/finalizers/-", _name);
            return;
        }

        // The list is not there: to create it would throw away what somebody has put into it since.
        Operation(writer, "test", "/metadata/resourceVersion", item.Metadata.ResourceVersion);
        writer.WriteStartObject();
        writer.WriteString("op", "add");
        writer.WriteString("path", "/metadata/finalizers");
        writer.WriteStartArray("value");
        writer.WriteStringValue(_name);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private ReadOnlyMemory<byte> RemovePatch(T item) => Operations(writer =>
    {
        var path = $"/metadata/finalizers/{item.Metadata!.Finalizers!.IndexOf(_name)}";
        Operation(writer, "test", "/metadata/uid", item.Metadata.Uid);
        Operation(writer, "test", path, _name);
        writer.WriteStartObject();
        writer.WriteString("op", "remove");
        writer.WriteString("path", path);
        writer.WriteEndObject();
    });

    private static ReadOnlyMemory<byte> Operations(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartArray();
            write(writer);
            writer.WriteEndArray();
        }

        return bytes.WrittenMemory;
    }

    private static void Operation(Utf8JsonWriter writer, string op, string path, string? value)
    {
        writer.WriteStartObject();
        writer.WriteString("op", op);
        writer.WriteString("path", path);
        writer.WriteString("value", value);
        writer.WriteEndObject();
    }
}

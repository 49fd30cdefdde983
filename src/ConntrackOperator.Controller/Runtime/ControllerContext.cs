using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Runtime;

/// <summary>What all controllers of one leader share.</summary>
internal sealed class ControllerContext
{
    /// <summary>Creates the informers and the event recorder; nothing runs yet.</summary>
    /// <param name="api">The API.</param>
    /// <param name="options">What the controller is told at its start.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="log">Told of failures.</param>
    /// <param name="time">The clock.</param>
    public ControllerContext(ApiClient api, ControllerOptions options, ControllerMetrics metrics, ILogger log, TimeProvider time)
    {
        (Api, Options, Metrics, Log, Time) = (api, options, metrics, log, time);
        Cluster = new ClusterCache(api, log, time, new ValueInterner());
        Events = new EventRecorder(
            api,
            new EventRecorderOptions { ReportingController = ControllerOptions.FieldManager, ReportingInstance = options.Identity },
            log,
            time);
    }

    /// <summary>The API.</summary>
    public ApiClient Api { get; }

    /// <summary>What the controller is told at its start.</summary>
    public ControllerOptions Options { get; }

    /// <summary>What is counted.</summary>
    public ControllerMetrics Metrics { get; }

    /// <summary>Told of failures.</summary>
    public ILogger Log { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>What is known of the cluster.</summary>
    public ClusterCache Cluster { get; }

    /// <summary>Writes events.</summary>
    public EventRecorder Events { get; }

    /// <summary>Server-side apply as the controller's field manager, which takes fields over that others own.</summary>
    /// <param name="type">The resource.</param>
    /// <param name="ns">The namespace; null for cluster-scoped objects.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="stated">What the controller states, whole: what it leaves out and stated before is taken away.</param>
    /// <param name="json">How it is written and the answer read.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">It was refused, or it is not known whether it was written.</exception>
    public Task<T> ApplyAsync<T>(
        ResourceType type, string? ns, string name, T stated, JsonTypeInfo<T> json, string? subresource,
        CancellationToken cancellationToken) =>
        Api.ApplyAsync(type, ns, name, stated, json, ControllerOptions.FieldManager, force: true, subresource, cancellationToken);
}

using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.Logging;

/// <summary>
/// Every sentence that the runtime logs, with its event id (1000 to 1999) and its values. A value's name is the field under which
/// it is found in the log.
/// </summary>
internal static partial class RuntimeMessages
{
    [LoggerMessage(1000, LogLevel.Information, "{Identity} holds the lease {Lease} and begins to work.")]
    public static partial void LeaseTaken(this ILogger log, string identity, string lease);

    [LoggerMessage(1001, LogLevel.Information, "{Identity} released the lease {Lease}.")]
    public static partial void LeaseReleased(this ILogger log, string identity, string lease);

    [LoggerMessage(1002, LogLevel.Warning, "Renewing the lease {Lease} failed: {Reason}")]
    public static partial void LeaseRenewalFailed(this ILogger log, Exception exception, string lease, string reason);

    [LoggerMessage(1003, LogLevel.Warning, "Renewing the lease {Lease} took too long.")]
    public static partial void LeaseRenewalTimedOut(this ILogger log, Exception exception, string lease);

    [LoggerMessage(1004, LogLevel.Warning, "Asking for the lease {Lease} failed: {Reason}")]
    public static partial void LeaseRequestFailed(this ILogger log, Exception exception, string lease, string reason);

    [LoggerMessage(1005, LogLevel.Warning, "Asking for the lease {Lease} took too long.")]
    public static partial void LeaseRequestTimedOut(this ILogger log, Exception exception, string lease);

    [LoggerMessage(1006, LogLevel.Warning, "The lease {Lease} may not have an owner and stays when the operator is removed: {Reason}")]
    public static partial void LeaseOwnerRefused(this ILogger log, Exception exception, string lease, string reason);

    [LoggerMessage(1007, LogLevel.Warning, "The lease {Lease} could not be released and has to expire: {Reason}")]
    public static partial void LeaseNotReleased(this ILogger log, Exception exception, string lease, string reason);

    [LoggerMessage(1020, LogLevel.Warning, "The event {EventReason} of {Kind} {Name} could not be written: {Reason}")]
    public static partial void EventLost(
        this ILogger log, Exception exception, string eventReason, string? kind, string? name, string reason);

    [LoggerMessage(1030, LogLevel.Debug, "Reconciling {Key} met another's write: {Reason}")]
    public static partial void ReconcileConflict(this ILogger log, string? key, string reason);

    [LoggerMessage(1031, LogLevel.Warning, "Reconciling {Key} failed, again in {RetrySeconds:0.###} s: {Reason}")]
    public static partial void ReconcileFailed(this ILogger log, Exception exception, string? key, double retrySeconds, string reason);

    [LoggerMessage(
        1032, LogLevel.Warning, "Reconciling {Key} took longer than {LimitSeconds:0.#} s, again in {RetrySeconds:0.###} s: {Reason}")]
    public static partial void ReconcileTimedOut(
        this ILogger log, Exception exception, string? key, double limitSeconds, double retrySeconds, string reason);

    [LoggerMessage(1040, LogLevel.Debug, "Watching {Resource} from {ResourceVersion}")]
    public static partial void WatchStarted(this ILogger log, string resource, string? resourceVersion);

    [LoggerMessage(1041, LogLevel.Warning, "Following {Resource} failed, {Next} again in {RetrySeconds:0.0} s: {Reason}")]
    public static partial void WatchFailed(
        this ILogger log, Exception exception, string resource, string next, double retrySeconds, string reason);

    [LoggerMessage(1042, LogLevel.Error, "A handler of {Kind} {Key} failed: {Reason}")]
    public static partial void WatchHandlerFailed(this ILogger log, Exception exception, string kind, string key, string reason);

    [LoggerMessage(1043, LogLevel.Warning, "{Kind} {Key} does not fit its type and is left as it was known: {Reason}")]
    public static partial void ObjectUndecodable(this ILogger log, string kind, string key, string reason);

    [LoggerMessage(1050, LogLevel.Error, "{Reason}")]
    public static partial void PartEnded(this ILogger log, Exception? exception, string reason);

    [LoggerMessage(
        1060, LogLevel.Error, "can't listen on '{Address}': it must be address:port, such as 127.0.0.1:9808, [::1]:9808 or *:9808")]
    public static partial void ListenAddressInvalid(this ILogger log, string address);

    [LoggerMessage(1061, LogLevel.Error, "can't listen on {Address}")]
    public static partial void ListenFailed(this ILogger log, Exception exception, string address);

    [LoggerMessage(1062, LogLevel.Warning, "the health endpoint can't take a connection")]
    public static partial void AcceptFailed(this ILogger log, Exception exception);

    [LoggerMessage(1063, LogLevel.Warning, "a request to the health endpoint failed")]
    public static partial void RequestFailed(this ILogger log, Exception exception);
}

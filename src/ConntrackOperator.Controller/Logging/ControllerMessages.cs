using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Logging;

/// <summary>Every sentence that the controller logs, with its event id (3000 to 3999) and its values.</summary>
internal static partial class ControllerMessages
{
    [LoggerMessage(3000, LogLevel.Information, "{Identity} leads")]
    public static partial void Leads(this ILogger log, string identity);

    [LoggerMessage(3001, LogLevel.Error, "the lease is lost; another replica goes on")]
    public static partial void LeaseLost(this ILogger log, Exception exception);

    [LoggerMessage(3002, LogLevel.Error, "can't run")]
    public static partial void CannotRun(this ILogger log, Exception exception);

    [LoggerMessage(3003, LogLevel.Error, "the controller ends: {Type}: {Reason}")]
    public static partial void Ends(this ILogger log, Exception exception, string type, string reason);

    [LoggerMessage(3004, LogLevel.Warning, "{Reason}")]
    public static partial void TelemetryProblem(this ILogger log, string reason);

    [LoggerMessage(3010, LogLevel.Information, "applied DaemonSet {DaemonSet} with {Terms} node terms")]
    public static partial void DaemonSetApplied(this ILogger log, string daemonSet, int terms);

    [LoggerMessage(3011, LogLevel.Information, "deleted DaemonSet {DaemonSet}: no policy needs agents")]
    public static partial void DaemonSetDeleted(this ILogger log, string daemonSet);

    [LoggerMessage(
        3012, LogLevel.Warning,
        "the Deployment {Deployment} can't be read: agents and lease have no owner, and stay when the operator is removed without its "
            + "hook")]
    public static partial void DeploymentUnreadable(this ILogger log, Exception exception, string deployment);

    [LoggerMessage(3020, LogLevel.Warning, "The finalizer of ConntrackPolicy {Policy} was refused, again in {RetrySeconds:0} s: {Reason}")]
    public static partial void FinalizerRefused(this ILogger log, Exception exception, string policy, double retrySeconds, string reason);

    [LoggerMessage(3021, LogLevel.Warning, "The status of ConntrackPolicy {Policy} was refused, again in {RetrySeconds:0} s: {Reason}")]
    public static partial void PolicyStatusRefused(
        this ILogger log, Exception exception, string policy, double retrySeconds, string reason);

    [LoggerMessage(3030, LogLevel.Warning, "The plan of node {Node} was refused, again in {RetrySeconds:0} s: {Reason}")]
    public static partial void PlanRefused(this ILogger log, Exception exception, string node, double retrySeconds, string reason);

    [LoggerMessage(
        3031, LogLevel.Warning, "The condition ConntrackPressure of node {Node} was refused, again in {RetrySeconds:0} s: {Reason}")]
    public static partial void NodeConditionRefused(this ILogger log, Exception exception, string node, double retrySeconds, string reason);

    [LoggerMessage(3032, LogLevel.Warning, "The condition ConntrackPressure of node {Node} could not be taken away yet: {Reason}")]
    public static partial void NodeConditionPutOff(this ILogger log, Exception exception, string node, string reason);

    [LoggerMessage(3033, LogLevel.Warning, "Addresses have no names of pods at the moment: {Reason}")]
    public static partial void PodsUnknown(this ILogger log, string reason);

    [LoggerMessage(3040, LogLevel.Warning, "The status of ConntrackFlush {Flush} was refused, again in {RetrySeconds:0} s: {Reason}")]
    public static partial void FlushStatusRefused(this ILogger log, Exception exception, string flush, double retrySeconds, string reason);

    [LoggerMessage(3050, LogLevel.Information, "{Progress}")]
    public static partial void UninstallProgress(this ILogger log, string progress);

    [LoggerMessage(3051, LogLevel.Warning, "{Reason}")]
    public static partial void UninstallHindered(this ILogger log, Exception exception, string reason);

    [LoggerMessage(3052, LogLevel.Error, "can't prepare the uninstallation")]
    public static partial void CannotPrepareUninstall(this ILogger log, Exception exception);
}

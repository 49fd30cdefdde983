using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Logging;

/// <summary>Every sentence that the agent logs, with its event id (2000 to 2999) and its values.</summary>
internal static partial class AgentMessages
{
    [LoggerMessage(2000, LogLevel.Information, "conntrack-agent {Version}: plan {Generation} is in force, as kept")]
    public static partial void StartedWithKeptPlan(this ILogger log, string version, long? generation);

    [LoggerMessage(2001, LogLevel.Information, "conntrack-agent {Version}: no plan is kept; waiting for the ConntrackNode {Node}")]
    public static partial void StartedWithoutPlan(this ILogger log, string version, string node);

    [LoggerMessage(2002, LogLevel.Information, "stopped; the settings stay as they are")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(2003, LogLevel.Error, "can't run")]
    public static partial void CannotRun(this ILogger log, Exception exception);

    [LoggerMessage(2004, LogLevel.Warning, "{Reason}")]
    public static partial void TelemetryProblem(this ILogger log, string reason);

    [LoggerMessage(2010, LogLevel.Warning, "{Reason}")]
    public static partial void StateProblem(this ILogger log, string reason);

    [LoggerMessage(
        2011, LogLevel.Warning, "the kept plan is for {PlannedFor}, not for {Node}; it stays in force until the controller's plan arrives")]
    public static partial void KeptPlanOfAnotherNode(this ILogger log, string plannedFor, string node);

    [LoggerMessage(2012, LogLevel.Warning, "not all of the kept plan is in force yet: {StatePath} can't be written")]
    public static partial void KeptPlanNotInForce(this ILogger log, Exception exception, string statePath);

    [LoggerMessage(
        2013, LogLevel.Warning,
        "{StatePath} can't be written, so no setting is written whose value before is not kept there yet; all others are kept as they "
            + "are planned")]
    public static partial void StateNotWritable(this ILogger log, Exception exception, string statePath);

    [LoggerMessage(2014, LogLevel.Information, "{StatePath} can be written again")]
    public static partial void StateWritableAgain(this ILogger log, string statePath);

    [LoggerMessage(
        2015, LogLevel.Information, "took {Originals} originals over from the status: the state directory knew nothing of this boot")]
    public static partial void OriginalsAdopted(this ILogger log, int originals);

    [LoggerMessage(2020, LogLevel.Information, "plan {Generation} with {Settings} settings")]
    public static partial void PlanArrived(this ILogger log, long? generation, int settings);

    [LoggerMessage(2021, LogLevel.Warning, "the ConntrackNode {Node} is gone; its last plan stays in force")]
    public static partial void NodeObjectGone(this ILogger log, string node);

    [LoggerMessage(2022, LogLevel.Information, "{Setting} is {Value}")]
    public static partial void SettingInSync(this ILogger log, string? setting, long? value);

    [LoggerMessage(2023, LogLevel.Information, "{Setting}: {State}")]
    public static partial void SettingState(this ILogger log, string? setting, string? state);

    [LoggerMessage(2024, LogLevel.Information, "{Setting}: {State}: {Reason}")]
    public static partial void SettingStateBecause(this ILogger log, string? setting, string? state, string reason);

    [LoggerMessage(
        2030, LogLevel.Warning, "the report was not taken; the settings are kept all the same, and the newest report is sent later")]
    public static partial void ReportRefused(this ILogger log, Exception exception);
}

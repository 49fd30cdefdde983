using System.CommandLine;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Planning.Formatting;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Uninstall;

/// <summary>The command <c>prepare-uninstall</c>, which the chart's pre-delete hook runs.</summary>
internal static class PrepareUninstallCommand
{
    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromMinutes(4);

    /// <summary>Makes it.</summary>
    /// <param name="kubeconfig">The option of the program.</param>
    /// <param name="context">The option of the program.</param>
    /// <param name="ns">The option of the program.</param>
    /// <param name="userAgent">How requests name the program.</param>
    public static Command Create(Option<string?> kubeconfig, Option<string?> context, Option<string> ns, string userAgent)
    {
        var daemonSet = new Option<string?>("--daemonset")
        {
            Description = "the agents' DaemonSet, waited for until it is gone; left out: not looked at",
        };
        var timeout = new Option<TimeSpan>("--timeout")
        {
            Description = $"how long to wait (default {KubeDuration.Format((long)_defaultTimeout.TotalSeconds)})",
            DefaultValueFactory = _ => _defaultTimeout,
            CustomParser = result =>
            {
                if (KubeDuration.TryParse(result.Tokens[0].Value, out var seconds, out _))
                {
                    return TimeSpan.FromSeconds(seconds);
                }

                result.AddError($"--timeout: '{result.Tokens[0].Value}' must be a duration such as 30s or 4m");
                return default;
            },
        };
        var command = new Command(
            "prepare-uninstall",
            "Deletes all ConntrackPolicies and waits until the nodes have put their settings back and no agent is left.")
        {
            kubeconfig, context, ns, daemonSet, timeout,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var log = new JsonLineLogger(Console.OpenStandardOutput(), TimeProvider.System, LogLevel.Information);
            try
            {
                var api = KubeconfigConnection.Connect(
                    parsed.GetValue(kubeconfig), parsed.GetValue(context), new ApiClientOptions { UserAgent = userAgent });
                var preparation = new UninstallPreparation(
                    api, parsed.GetValue(ns)!, parsed.GetValue(daemonSet), parsed.GetValue(timeout),
                    (message, error) =>
                    {
                        if (error is null)
                        {
                            log.UninstallProgress(message);
                        }
                        else
                        {
                            log.UninstallHindered(error, message);
                        }
                    },
                    TimeProvider.System);
                return await preparation.RunAsync(cancellationToken) ? 0 : 1;
            }
            catch (ApiException e)
            {
                log.CannotPrepareUninstall(e);
                return 1;
            }
            catch (Exception e) when (e.IsSetUpFailure())
            {
                log.CannotRun(e);
                return 2;
            }
        });
        return command;
    }
}

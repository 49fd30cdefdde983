using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Controller.Uninstall;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Health;
using ConntrackOperator.Kubernetes.LeaderElection;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Telemetry;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller;

/// <summary>The command line of the controller.</summary>
internal static class ControllerCommand
{
    private static readonly string _version =
        typeof(ControllerCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "0.0.0";

    public static RootCommand Create()
    {
        var defaults = new ControllerOptions();
        var kubeconfig = new Option<string?>("--kubeconfig")
        {
            Description = "kubeconfig file (default: the pod's service account, else KUBECONFIG or ~/.kube/config)",
        };
        var context = new Option<string?>("--context") { Description = "context of the kubeconfig" };
        var ns = new Option<string>("--namespace")
        {
            Description = "namespace of the lease and of the agents",
            DefaultValueFactory = _ => InCluster.Namespace() ?? defaults.Namespace,
        };
        var template = new Option<string?>("--agent-template")
        {
            Description = "YAML file with the agents' DaemonSet; left out: somebody else runs the agents",
        };
        var lease = new Option<string>("--lease-name")
        {
            Description = "name of the leader lease",
            DefaultValueFactory = _ => defaults.LeaseName,
        };
        var deployment = new Option<string?>("--deployment")
        {
            Description = "the controller's own Deployment, as the owner of lease and agents; left out: they have none",
        };
        var identity = new Option<string>("--identity")
        {
            Description = "who this replica is",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("POD_NAME") ?? defaults.Identity,
        };
        var restore = Duration("--restore-timeout", "how long a deleted policy waits for its nodes to restore", defaults.RestoreTimeout);
        var flush = Duration("--flush-timeout", "how long a ConntrackFlush waits for a node at all", defaults.FlushTimeout);
        var flushAway = Duration(
            "--flush-away-timeout", "how long a ConntrackFlush waits for a node that is not ready", defaults.FlushAwayTimeout);
        var statusGap = Duration("--status-gap", "least time between two writes of one policy's status", defaults.StatusGap);
        var usageGap = Duration("--usage-gap", "the same, when only usage differs", defaults.UsageGap);
        var workers = new Option<int>("--workers")
        {
            Description = "nodes worked on at once, 1 to 64",
            DefaultValueFactory = _ => defaults.Workers,
        };
        workers.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 64)
            {
                result.AddError("--workers: must be 1 to 64");
            }
        });
        var listen = new Option<string>("--listen")
        {
            Description = "address:port of /healthz, /readyz and /metrics, or none",
            DefaultValueFactory = _ => "*:9809",
        };
        listen.Validators.Add(result =>
        {
            var address = result.Tokens.Count == 1 ? result.Tokens[0].Value : "none";
            if (address != "none" && !HealthEndpoint.IsAddress(address))
            {
                result.AddError($"--listen: '{address}' must be address:port, such as *:9809, or none");
            }
        });
        var podNames = new Option<bool>("--pod-names")
        {
            Description = "whether events name the pods that have the most entries; takes the right to list pods",
            DefaultValueFactory = _ => defaults.PodNames,
        };
        var namespaces = new Option<bool>("--namespace-metric")
        {
            Description = "serve conntrack_entries_by_namespace, an estimate; takes the right to list pods",
            DefaultValueFactory = _ => defaults.NamespaceMetric,
        };
        var level = new Option<string>("--log-level")
        {
            Description = "what is logged: debug, info or warning",
            DefaultValueFactory = _ => "info",
        };
        level.AcceptOnlyFromAmong("debug", "info", "warning");
        var root = new RootCommand(
            "Plans connection tracking for each node from the cluster's ConntrackPolicies, runs the agents, and reports back.")
        {
            kubeconfig, context, ns, template, lease, deployment, identity, restore, flush, flushAway, statusGap, usageGap, workers,
            podNames, namespaces, listen, level,
        };
        root.Subcommands.Add(PrepareUninstallCommand.Create(kubeconfig, context, ns, "conntrack-controller/" + _version));
        root.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(kubeconfig), parsed.GetValue(context),
            new ControllerOptions
            {
                Namespace = parsed.GetValue(ns)!,
                AgentTemplate = parsed.GetValue(template),
                LeaseName = parsed.GetValue(lease)!,
                Deployment = parsed.GetValue(deployment),
                Identity = parsed.GetValue(identity)!,
                RestoreTimeout = parsed.GetValue(restore),
                FlushTimeout = parsed.GetValue(flush),
                FlushAwayTimeout = parsed.GetValue(flushAway),
                StatusGap = parsed.GetValue(statusGap),
                UsageGap = parsed.GetValue(usageGap),
                Workers = parsed.GetValue(workers),
                PodNames = parsed.GetValue(podNames),
                NamespaceMetric = parsed.GetValue(namespaces),
                Listen = parsed.GetValue(listen) is "none" ? null : parsed.GetValue(listen),
                LogLevel = parsed.GetValue(level) is "info" ? LogLevel.Information
                    : Enum.Parse<LogLevel>(parsed.GetValue(level)!, ignoreCase: true),
            },
            cancellationToken));
        return root;
    }

    private static Option<TimeSpan> Duration(string name, string description, TimeSpan otherwise) => new(name)
    {
        Description = $"{description} (default {KubeDuration.Format((long)otherwise.TotalSeconds)})",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (KubeDuration.TryParse(result.Tokens[0].Value, out var seconds, out _))
            {
                return TimeSpan.FromSeconds(seconds);
            }

            result.AddError($"{name}: '{result.Tokens[0].Value}' must be a duration such as 30s or 2m");
            return otherwise;
        },
    };

    private static async Task<int> RunAsync(
        string? kubeconfig, string? context, ControllerOptions options, CancellationToken cancellationToken)
    {
        var settings = TelemetrySettings.Read(Environment.GetEnvironmentVariable);
        using var telemetry = new TelemetryPipeline(
            settings, ControllerTelemetry.Source(options, _version), options.Listen is null ? Scraping.Off : Scraping.On);
        var log = telemetry.Tee(new JsonLineLogger(Console.OpenStandardOutput(), TimeProvider.System, options.LogLevel));
        foreach (var problem in settings.Problems.Concat(telemetry.Problems))
        {
            log.TelemetryProblem(problem);
        }

        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = true;
                stop.Cancel();
            }

            var api = KubeconfigConnection.Connect(
                kubeconfig, context, new ApiClientOptions { UserAgent = "conntrack-controller/" + _version });
            var template = options.AgentTemplate is { } path ? Agents.AgentTemplate.Read(path) : null;
            await ControllerHost.RunAsync(api, options, template, log, TimeProvider.System, stop.Token, telemetry.Scrape);
            return 0;
        }
        catch (LeaseLostException e)
        {
            log.LeaseLost(e);
            return 1;
        }
        catch (PartEndedException)
        {
            // The log has said which and why.
            return 1;
        }
        catch (Exception e) when (e.IsSetUpFailure())
        {
            log.CannotRun(e);
            return 2;
        }
        catch (Exception e)
        {
            log.Ends(e, e.GetType().Name, e.Message);
            return 1;
        }
    }
}

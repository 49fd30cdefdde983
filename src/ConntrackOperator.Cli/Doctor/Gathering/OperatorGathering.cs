using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Finds this operator by its labels, wherever it was installed.</summary>
internal static class OperatorGathering
{
    private const string PartOf = "app.kubernetes.io/part-of";
    private const string Component = "app.kubernetes.io/component";
    private const string ProgramVersion = "app.kubernetes.io/version";

    public static async Task<OperatorFacts> ReadAsync(ClusterRead read, IReadOnlyList<JsonObject> daemonSets, CancellationToken cancel)
    {
        var crds =
            (await read.ListAsync(
                ClusterTypes.Crd, null, null, "CustomResourceDefinitions: whether they are of this program's version", cancel) ?? [])
            .Where(c => c.Text("spec", "group") == ApiGroup.Name).ToList();
        var deployments = await read.ListAsync(
            ClusterTypes.Deployment, null, "app.kubernetes.io/component=controller,app.kubernetes.io/part-of=conntrack-operator",
            "Deployments: whether a controller runs", cancel);
        var controller = deployments?.Count > 0 ? deployments[0] : null;
        var agents = daemonSets.FirstOrDefault(
            d => Labels(d).GetValueOrDefault(PartOf) == "conntrack-operator" && Labels(d).GetValueOrDefault(Component) == "agent");
        var lease = controller is null ? null
            : await read.GetAsync(
                ResourceType.Lease, controller.Namespace(), controller.Name(),
                $"Lease {controller.Namespace()}/{controller.Name()}: which controller leads", cancel);
        return new OperatorFacts
        {
            CrdsThere = crds.Count > 0,
            MissingFields = CrdFields.Missing(crds),
            Controller = controller is null ? null : Id(controller),
            ControllerSought = deployments is not null,
            ControllersReady = (int)(controller.Number("status", "readyReplicas") ?? 0),
            ControllerVersion = controller is null ? string.Empty : Version(controller),
            Leader = lease?.Text("spec", "holderIdentity"),
            LeaseRenewed = lease.Time("spec", "renewTime"),
            LeaseSeconds = (int)(lease.Number("spec", "leaseDurationSeconds") ?? 15),
            Agents = agents is null ? null : Id(agents),
            AgentsWanted = (int)(agents.Number("status", "desiredNumberScheduled") ?? 0),
            AgentsReady = (int)(agents.Number("status", "numberReady") ?? 0),
            AgentVersion = agents is null ? string.Empty : Version(agents),
            AgentsLimited = crds.Count > 0 ? await LimitedAsync(read, cancel) : null,
            Webhooks = crds.Count > 0 ? await WebhooksAsync(read, cancel) : [],
        };
    }

    private static Dictionary<string, string> Labels(JsonNode o) =>
        o.Map("metadata", "labels") is { Count: > 0 } own ? own : o.Map("spec", "template", "metadata", "labels");

    private static string Id(JsonNode o) => $"{o.Namespace()}/{o.Name()}";

    private static string Version(JsonNode workload) =>
        workload.Map("spec", "template", "metadata", "labels").GetValueOrDefault(ProgramVersion) ?? string.Empty;

    private static async Task<bool?> LimitedAsync(ClusterRead read, CancellationToken cancel)
    {
        var policies = await read.ListAsync(
            ClusterTypes.AdmissionPolicy, null, null, "ValidatingAdmissionPolicies: whether agents are kept to their own nodes", cancel);
        var bindings = await read.ListAsync(
            ClusterTypes.AdmissionBinding, null, null, "ValidatingAdmissionPolicyBindings: whether agents are kept to their own nodes",
            cancel);
        if (policies is null || bindings is null)
        {
            return null;
        }

        var bound = bindings.Where(b => b.Texts("spec", "validationActions").Contains("Deny")).Select(b => b.Text("spec", "policyName"))
            .ToHashSet(StringComparer.Ordinal);
        return policies.Any(p => bound.Contains(p.Name())
            && p.Items("spec", "matchConstraints", "resourceRules")
            .Any(
                r => r.Texts("apiGroups").Contains(ApiGroup.Name)
                    && r.Texts("resources").Any(n => n.StartsWith("conntracknodes", StringComparison.Ordinal))));
    }

    private static async Task<IReadOnlyList<string>> WebhooksAsync(ClusterRead read, CancellationToken cancel)
    {
        var found = new List<string>();
        foreach (var type in (ResourceType[])[ClusterTypes.ValidatingWebhook, ClusterTypes.MutatingWebhook])
        {
            var configurations = await read.ListAsync(type, null, null, $"{type.Kind}s: who decides over this operator's objects", cancel)
                ?? [];
            found.AddRange(configurations
                .Where(
                    c =>
                        c.Items("webhooks")
                            .Any(
                                w => w.Text("failurePolicy") is "Fail" or ""
                                    && w.Items("rules").Any(r => r.Texts("apiGroups").Any(g => g is ApiGroup.Name or "*"))))
                .Select(c => $"{type.Kind} {c.Name()}"));
        }

        return found;
    }
}

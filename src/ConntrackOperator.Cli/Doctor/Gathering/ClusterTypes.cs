using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>The kinds that are looked at.</summary>
internal static class ClusterTypes
{
    public static ResourceType Policy { get; } = new(
        ApiGroup.Name, ApiGroup.Version, ConntrackPolicy.PluralName, ConntrackPolicy.KindName, false);

    public static ResourceType ConntrackNode { get; } = new(
        ApiGroup.Name, ApiGroup.Version, Api.Nodes.ConntrackNode.PluralName, Api.Nodes.ConntrackNode.KindName, false);

    public static ResourceType Pod { get; } = new("", "v1", "pods", "Pod", true);

    public static ResourceType ConfigMap { get; } = new("", "v1", "configmaps", "ConfigMap", true);

    public static ResourceType DaemonSet { get; } = new("apps", "v1", "daemonsets", "DaemonSet", true);

    public static ResourceType Deployment { get; } = new("apps", "v1", "deployments", "Deployment", true);

    public static ResourceType Crd { get; } = new(
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false);

    public static ResourceType AdmissionPolicy { get; } = new(
        "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false);

    public static ResourceType AdmissionBinding { get; } = new(
        "admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", false);

    public static ResourceType ValidatingWebhook { get; } = new(
        "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false);

    public static ResourceType MutatingWebhook { get; } = new(
        "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false);

    /// <summary>OpenShift's Node Tuning Operator.</summary>
    public static ResourceType Tuned { get; } = new("tuned.openshift.io", "v1", "tuneds", "Tuned", true);

    /// <summary>Which of its profiles is in force on which node.</summary>
    public static ResourceType TunedProfile { get; } = new("tuned.openshift.io", "v1", "profiles", "Profile", true);

    /// <summary>OpenShift's Machine Config Operator.</summary>
    public static ResourceType MachineConfig { get; } = new(
        "machineconfiguration.openshift.io", "v1", "machineconfigs", "MachineConfig", false);

    /// <summary>Karpenter's kinds of nodes on AWS, with their user data.</summary>
    public static ResourceType Ec2NodeClass { get; } = new("karpenter.k8s.aws", "v1", "ec2nodeclasses", "EC2NodeClass", false);

    /// <summary>Calico's settings.</summary>
    public static ResourceType FelixConfiguration { get; } = new(
        "crd.projectcalico.org", "v1", "felixconfigurations", "FelixConfiguration", false);
}

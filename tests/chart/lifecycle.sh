# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: install, upgrade from the previous chart, roll back, upgrade again, uninstall; and the same by kustomize.
# The server runs no pods and has no Jobs, so the hook is left out here; uninstall.sh runs what it would run.

previous=previous/$(cd previous && ls)
release=conntrack-operator
crd=conntrackpolicies.conntrack.dev

status_of() { "$helm" status "$release" --namespace "$namespace" -o json | jq -r '"\(.version) \(.info.status)"'; }
# A field of the schema that the previous chart's CRD had otherwise.
events_of() { "$kubectl" get crd $crd -o json | jq -r '.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.tracking.properties.events.enum | join(" ")'; }
image_of() { "$kubectl" --namespace "$namespace" get deployment $release-controller -o 'jsonpath={.spec.template.spec.containers[0].image}'; }
template_of() { "$kubectl" --namespace "$namespace" get configmap $release-agent -o 'jsonpath={.data.agent\.yaml}' | grep -c "$1"; }
ours() {
  "$kubectl" get crd,clusterrole,clusterrolebinding,priorityclass,validatingadmissionpolicy,validatingadmissionpolicybinding -o name
  "$kubectl" get role,rolebinding,serviceaccount,configmap,deployment,poddisruptionbudget,networkpolicy,daemonset,secret,service,servicemonitor,podmonitor,prometheusrule --all-namespaces -o name
}

check "install: the previous chart" "$helm" install $release "$previous" --namespace "$namespace" --create-namespace
equals "install: deployed" "1 deployed" "$(status_of)"
equals "install: the previous CRD" "Off On Auto" "$(events_of)"
check "install: a policy" "$kubectl" apply -f "$root/config/samples/simple.yaml"

check "upgrade: to this chart" "$helm" upgrade $release "$chart" --namespace "$namespace" --set agent.interval=3s
equals "upgrade: deployed" "2 deployed" "$(status_of)"
equals "upgrade: the CRD is this chart's" "Never Always Auto" "$(events_of)"
version=$(sed -n 's/^appVersion: //p' "$chart/Chart.yaml")
equals "upgrade: the image is this chart's" "ghcr.io/conntrack-operator/controller:$version" "$(image_of)"
equals "upgrade: the agents' template has the new value" 1 "$(template_of interval=3s)"
check "upgrade: the policy is still there" "$kubectl" get conntrackpolicies default
refused "upgrade: bad values change nothing" "additional properties 'foo' not allowed" "$helm" upgrade $release "$chart" --namespace "$namespace" --set foo=1
equals "upgrade: bad values change nothing, the revision is the same" "2 deployed" "$(status_of)"

# What came after the previous chart: each is a pod template, a role or a kind that the release did not have.
check "upgrade: to metrics behind the proxy, alerts, dashboards and OTLP" "$helm" upgrade $release "$chart" --namespace "$namespace" --values values/metrics.yaml \
  --set metrics.proxy.enabled=true --set telemetry.otlp.endpoint=http://collector.observability:4317
equals "upgrade: the agents' template has the proxy" 1 "$(template_of 'name: metrics-proxy')"
equals "upgrade: the monitors and alerts are there" "podmonitor prometheusrule servicemonitor" \
  "$("$kubectl" --namespace "$namespace" get servicemonitor,podmonitor,prometheusrule -o name | sed 's/\..*//' | sort | xargs)"
check "upgrade: keeping the values" "$helm" upgrade $release "$chart" --namespace "$namespace" --reset-then-reuse-values
equals "upgrade: keeping the values, the proxy is still there" 1 "$(template_of 'name: metrics-proxy')"
check "upgrade: without them again" "$helm" upgrade $release "$chart" --namespace "$namespace" --set agent.interval=3s
equals "upgrade: without them again, nothing of them stays" "" \
  "$("$kubectl" --namespace "$namespace" get servicemonitor,podmonitor,prometheusrule,service,secret,configmap -o name | grep conntrack | grep -v -e sh.helm.release -e conntrack-operator-agent)"

check "rollback: to the first revision" "$helm" rollback $release 1 --namespace "$namespace"
equals "rollback: deployed" "6 deployed" "$(status_of)"
equals "rollback: the CRD is the previous one" "Off On Auto" "$(events_of)"
equals "rollback: the agents' template is the previous one" 1 "$(template_of interval=2s)"
check "rollback: the policy is still there" "$kubectl" get conntrackpolicies default

check "upgrade: without the CRDs" "$helm" upgrade $release "$chart" --namespace "$namespace" --set crds.install=false
check "upgrade: without the CRDs, they and the policy stay" "$kubectl" get conntrackpolicies default
check "upgrade: with the CRDs again" "$helm" upgrade $release "$chart" --namespace "$namespace"
# Helm takes them over as they are, and changes them once their manifest differs from the last revision's.
check "upgrade: with something changed in them" "$helm" upgrade $release "$chart" --namespace "$namespace" --set commonLabels.changed=yes
equals "upgrade: with the CRDs again, they are this chart's" "Never Always Auto" "$(events_of)"

refused "uninstall: a hook that can't run keeps everything" 'no matches for kind "Job"' "$helm" uninstall $release --namespace "$namespace"
check "uninstall: a hook that can't run keeps everything, the controller too" "$kubectl" --namespace "$namespace" get deployment $release-controller
# Where Jobs are served, helm takes away the account that it had made for a Job that failed.
"$kubectl" delete clusterrole,clusterrolebinding $release-uninstall >/dev/null
"$kubectl" --namespace "$namespace" delete role,rolebinding,serviceaccount $release-uninstall >/dev/null
check "uninstall" "$helm" uninstall $release --namespace "$namespace" --no-hooks
check "uninstall: the CRDs stay, and the policy" "$kubectl" get conntrackpolicies default
equals "uninstall: nothing else stays" "" "$(ours | grep conntrack | grep -v customresourcedefinition)"

check "install again over the CRDs that stayed" "$helm" install $release "$chart" --namespace "$namespace"
equals "install again over the CRDs that stayed: they are this chart's" "Never Always Auto" "$(events_of)"
"$kubectl" delete conntrackpolicies --all >/dev/null
check "upgrade: crds.keep=false" "$helm" upgrade $release "$chart" --namespace "$namespace" --set crds.keep=false
check "uninstall: with the CRDs" "$helm" uninstall $release --namespace "$namespace" --no-hooks --wait
equals "uninstall: without a trace" "" "$(ours | grep conntrack)"

for values in values/*.yaml; do
  name=$(basename "$values" .yaml)
  check "install and uninstall: $name" "$helm" install $release "$chart" --namespace "$namespace" --values "$values"
  "$helm" uninstall $release --namespace "$namespace" --no-hooks >/dev/null
done
delete_crds
"$kubectl" delete namespace "$namespace" >/dev/null

check "kustomize: accepted in strict mode" "$kubectl" apply --dry-run=client --validate=strict -k "$root/config/default"
check "kustomize: installs" "$kubectl" apply --server-side -k "$root/config/default"
# Objects of helm and of kustomize, but for the labels that say who manages them, the hook, and the namespace.
normal() { jq -S -c 'del(.metadata.labels["helm.sh/chart"], .metadata.labels["app.kubernetes.io/managed-by"], .metadata.annotations["helm.sh/resource-policy"])
  | if .metadata.annotations == {} then del(.metadata.annotations) else . end
  | select(.kind != "Namespace" and .kind != "CustomResourceDefinition" and (.metadata.annotations["helm.sh/hook"] == null))' | sort; }
as_json() { "$kubectl" create --dry-run=client --validate=false -o json -f "$1" | jq -c 'if .kind == "List" then .items[] else . end'; }
"$helm" template $release "$chart" --namespace "$namespace" --no-hooks >"$work/helm.yaml"
"$kubectl" kustomize "$root/config/default" >"$work/kustomize.yaml"
as_json "$work/helm.yaml" | normal >"$work/helm.json"
as_json "$work/kustomize.yaml" | normal | sed 's/# Made by charts\/generate.sh from charts\/conntrack-operator. Do not edit.\\n//' >"$work/kustomize.json"
same_objects() { jq -s 'map("\(.kind) \(.metadata.name)")' "$work/helm.json" | grep -q Deployment && diff "$work/helm.json" "$work/kustomize.json"; }
check "kustomize: the same objects as the chart's" same_objects
check "kustomize: removes what it installed" "$kubectl" delete --ignore-not-found -k "$root/config/default"
equals "kustomize: without a trace" "" "$(ours | grep conntrack)"

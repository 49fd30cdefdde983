# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: the real controller with the template that the chart made, and what the pre-delete hook runs.

if [ -z "${CONTROLLER:-}" ]; then
  if command -v dotnet >/dev/null && dotnet build "$root/src/ConntrackOperator.Controller" -c Release >"$work/build.log" 2>&1; then
    CONTROLLER=$root/src/ConntrackOperator.Controller/bin/Release/net10.0/conntrack-controller
  else
    fail "the controller builds" "$(tail -n 20 "$work/build.log" 2>/dev/null)"
    CONTROLLER=false
  fi
fi

"$helm" install conntrack-operator "$chart" --namespace "$namespace" --create-namespace >/dev/null || fail "uninstall: install"
# What the pods would be given: the template from the ConfigMap, the arguments from the Deployment and from the hook.
"$kubectl" --namespace "$namespace" get configmap conntrack-operator-agent -o 'jsonpath={.data.agent\.yaml}' >"$work/agent.yaml"
mapfile -t arguments < <("$kubectl" --namespace "$namespace" get deployment conntrack-operator-controller -o json |
  jq -r --arg template "$work/agent.yaml" '.spec.template.spec.containers[0].args[] | sub("^--agent-template=.*"; "--agent-template=" + $template) | sub("^--listen=.*"; "--listen=none")')
mapfile -t hook < <("$helm" template conntrack-operator "$chart" --namespace "$namespace" --set uninstall.timeoutSeconds=30 --show-only templates/uninstall.yaml |
  sed -n '/^          args:$/,/^          securityContext:$/s/^            - //p')
equals "uninstall: the hook runs prepare-uninstall" prepare-uninstall "${hook[0]:-}"

"$kubectl" apply -f - >/dev/null <<'N'
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {kubernetes.io/os: linux}}
status: {capacity: {cpu: "4", memory: 8Gi}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-2, labels: {kubernetes.io/os: linux}}
status: {capacity: {cpu: "4", memory: 8Gi}, conditions: [{type: Ready, status: "True"}]}
N
"$kubectl" patch node node-2 --subresource=status --type=merge -p '{"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}' >/dev/null
"$kubectl" apply -f "$root/config/samples/simple.yaml" >/dev/null

# As a controller that has died has left it.
"$kubectl" patch conntrackpolicies default --type=merge -p '{"metadata": {"finalizers": ["conntrack.dev/restore"]}}' >/dev/null
refused "uninstall: without a controller the hook gives up and says why" "policies wait for their nodes (default); if this lasts, see whether the controller runs" \
  "$CONTROLLER" "${hook[@]/#--timeout=*/--timeout=2s}" "--kubeconfig=$KUBECONFIG"
"$kubectl" patch conntrackpolicies default --type=merge -p '{"metadata": {"finalizers": null}}' >/dev/null
"$kubectl" apply -f "$root/config/samples/simple.yaml" >/dev/null

"$CONTROLLER" "${arguments[@]}" "--kubeconfig=$KUBECONFIG" >"$work/controller.log" 2>&1 &
controller=$!
started+=("$controller")
daemon_set_is() { "$kubectl" --namespace "$namespace" get daemonset conntrack-operator-agent; }
plans_are() { [ "$("$kubectl" get conntracknodes -o name | wc -l)" = "$1" ]; }
if until_true 60 daemon_set_is; then ok "uninstall: the controller made the agents' DaemonSet from the chart's template"; else fail "uninstall: the controller made the agents' DaemonSet from the chart's template" "$(tail -n 20 "$work/controller.log")"; fi
equals "uninstall: the DaemonSet has the chart's arguments" 1 \
  "$("$kubectl" --namespace "$namespace" get daemonset conntrack-operator-agent -o json | jq '[.spec.template.spec.containers[0].args[] | select(. == "--sysctl-dir=/host/sysctl/netfilter")] | length')"
equals "uninstall: the DaemonSet may add NET_ADMIN and nothing else" '{"add":["NET_ADMIN"],"drop":["ALL"]}' \
  "$("$kubectl" --namespace "$namespace" get daemonset conntrack-operator-agent -o json | jq -c '.spec.template.spec.containers[0].securityContext.capabilities')"
equals "uninstall: it is for the nodes that the policy selects" kubernetes.io/os \
  "$("$kubectl" --namespace "$namespace" get daemonset conntrack-operator-agent -o json | jq -r '.spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key')"
if until_true 30 plans_are 2; then ok "uninstall: both nodes have a plan"; else fail "uninstall: both nodes have a plan"; fi

# No agent runs here: node-1 says by hand that it has set something; node-2 is not ready and says nothing more, for good.
say() {
  "$kubectl" patch conntracknodes "$1" --subresource=status --type=merge -p \
    "{\"status\": {\"observedGeneration\": $("$kubectl" get conntracknodes "$1" -o 'jsonpath={.metadata.generation}'), \"settings\": $2}}" >/dev/null
}
applied='[{"name": "nf_conntrack_max", "desired": 262144, "actual": 262144, "original": 65536, "policy": "default", "state": "InSync"}]'
say node-1 "$applied"
say node-2 "$applied"

"$CONTROLLER" "${hook[@]}" "--kubeconfig=$KUBECONFIG" >"$work/hook.log" 2>&1 &
preparation=$!
if until_true 20 grep -q 'policies wait for their nodes' "$work/hook.log"; then ok "uninstall: the hook waits for the node that can restore"; else fail "uninstall: the hook waits for the node that can restore" "$(cat "$work/hook.log")"; fi
check "uninstall: meanwhile the agents stay" daemon_set_is
nothing_planned() { "$kubectl" get conntracknodes node-1 -o json | jq -e '.spec.settings | length == 0'; }
until_true 20 nothing_planned
say node-1 '[]'
wait $preparation
equals "uninstall: the hook ends well once that node has restored" 0 $?
check "uninstall: it names the node that it did not wait for" grep -q '1 nodes are gone or not ready and are not waited for (node-2)' "$work/hook.log"
equals "uninstall: no policy, no plan, no agents are left" "" "$("$kubectl" get conntrackpolicies,conntracknodes,daemonsets --all-namespaces -o name)"
kill $controller
wait $controller
check "uninstall: the rest goes with the release" "$helm" uninstall conntrack-operator --namespace "$namespace" --no-hooks

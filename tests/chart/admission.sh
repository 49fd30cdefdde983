# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by run.sh: an agent writes the status of its own node's ConntrackNode and nothing else. What the API server learns from
# a pod's token, its user and the name of its node, is given here by impersonation. There is no RBAC in the test server, so that
# it is the admission policy that says no.

"$helm" install conntrack-operator "$chart" --namespace "$namespace" --create-namespace --no-hooks >/dev/null || fail "admission: install"
account=system:serviceaccount:$namespace:conntrack-operator-agent
agent_of() {
  local node=$1
  shift
  "$kubectl" --as="$account" --as-user-extra="authentication.kubernetes.io/node-name=$node" "$@"
}
"$kubectl" apply -f - >/dev/null <<'N'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackNode
metadata: {name: node-1}
spec: {settings: []}
---
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackNode
metadata: {name: node-2}
spec: {settings: []}
N
status() {
  printf '{"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackNode", "metadata": {"name": "%s"}, "status": {"observedGeneration": %s}}' "$1" "$2" >"$work/status.json"
}
apply_status() {
  local node=$1
  status "$2" "$3"
  agent_of "$node" apply --server-side --force-conflicts --field-manager=conntrack-agent --subresource=status -f "$work/status.json"
}
observed() { "$kubectl" get conntracknodes "$1" -o 'jsonpath={.status.observedGeneration}'; }

# A policy is in force a moment after it is stored.
if until_true 30 bash -c "! '$kubectl' --as='$account' label conntracknodes node-1 probe=1 --dry-run=server"; then
  ok "admission: the policy is in force"
else
  fail "admission: the policy is in force"
fi

check "admission: the agent of node-1 reports for node-1" apply_status node-1 node-1 1
equals "admission: its report is stored" 1 "$(observed node-1)"
refused "admission: the agent of node-2 can't report for node-1" "the agent of node node-2 may write only the ConntrackNode node-2, not node-1" apply_status node-2 node-1 2
equals "admission: what it wrote is not stored" 1 "$(observed node-1)"
check "admission: the agent of node-2 reports for node-2" apply_status node-2 node-2 1
refused "admission: a token without a node writes nothing" "does not name its node" \
  "$kubectl" --as="$account" patch conntracknodes node-1 --subresource=status --type=merge -p '{"status": {"observedGeneration": 3}}'
refused "admission: a token with two nodes writes nothing" "does not name its node" \
  agent_of node-1 --as-user-extra=authentication.kubernetes.io/node-name=node-2 patch conntracknodes node-1 --subresource=status --type=merge -p '{"status": {"observedGeneration": 3}}'
refused "admission: an agent can't change its plan" "may write only the status" \
  agent_of node-1 patch conntracknodes node-1 --type=merge -p '{"spec": {"settings": [{"name": "nf_conntrack_max", "value": 1024, "policy": "x", "mode": "Enforce", "onRemoval": "Keep"}]}}'
refused "admission: an agent can't delete its plan" "may write only the status" agent_of node-1 delete conntracknodes node-1
refused "admission: an agent can't delete another one's" "may write only the ConntrackNode node-1, not node-2" agent_of node-1 delete conntracknodes node-2
echo '{"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackNode", "metadata": {"name": "node-3"}, "spec": {"settings": []}}' >"$work/new.json"
refused "admission: an agent can't create one" "may write only the ConntrackNode node-1, not node-3" agent_of node-1 create -f "$work/new.json"
check "admission: others may" "$kubectl" --as="system:serviceaccount:$namespace:conntrack-operator-controller" label conntracknodes node-1 by=controller
check "admission: the same name in another namespace is nobody special" \
  "$kubectl" --as=system:serviceaccount:elsewhere:conntrack-operator-agent label conntracknodes node-1 by=other --overwrite
check "admission: the controller deletes plans" "$kubectl" --as="system:serviceaccount:$namespace:conntrack-operator-controller" delete conntracknodes node-1 node-2
"$helm" uninstall conntrack-operator --namespace "$namespace" --no-hooks >/dev/null
delete_crds
"$kubectl" delete namespace "$namespace" >/dev/null

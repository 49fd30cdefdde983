#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2034,SC2154
# What README.md shows of `kubectl get`: one node, this machine, and config/samples/simple.yaml. Needs what run.sh needs.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
publish
save_machine
start_network
start_etcd
start_api
k apply -k "$repo/config/crd" >/dev/null
wait_for 30 k wait --for=condition=Established crd --all --timeout=1s
make_node node-a "" 2 24Gi
k create namespace conntrack-system >/dev/null
start_controller controller-1 --agent-template "$here/agent-template.yaml"
start_agent node-a --listen none
k apply -f "$repo/config/samples/simple.yaml" >/dev/null
becomes "the node reports InSync" 30 InSync condition Applied reason conntracknode node-a
becomes "the policy is ready" 30 True condition Ready status ctp default
sleep 5
echo "\$ kubectl get conntrackpolicies"
k get conntrackpolicies
echo "\$ kubectl get conntracknodes"
k get conntracknodes
k delete ctp default --timeout=60s >/dev/null
becomes "and what was there is back" 10 "$saved_max" kernel node-a max
echo "$passed passed, $failed failed"

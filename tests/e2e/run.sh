#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2034,SC2154
# The whole way, for real: kubectl apply -> API server over etcd -> controller -> agents -> three kernels' tables -> kubectl get.
#
#   TEST_APISERVER=… ETCD=… KUBECTL=… tests/e2e/run.sh        (found by themselves where they are in PATH or beside the repo)
#
# Three agents are three nodes: node-a is this machine's own network namespace, where nf_conntrack_max is set for real and put
# back; node-b and node-c are namespaces of their own, where max and buckets are read-only, as they are on nodes that are
# containers. Prints one line a check, the two tables of kubectl get, the time from apply to kernel, and "N passed, N failed".
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
publish
save_machine

size=$(((saved_max + saved_max / 2) / 2 * 2))

step "a cluster: etcd, API server, CRDs, three nodes, two controllers, three agents"
start_network
base_established=$(kernel node-b tcp_timeout_established) base_time_wait=$(kernel node-b tcp_timeout_time_wait) base_time_wait_a=$(kernel node-a tcp_timeout_time_wait)
base_close_wait=$(kernel node-a tcp_timeout_close_wait) base_established_a=$(kernel node-a tcp_timeout_established)
start_etcd
start_api
is "the CRDs are accepted by kubectl apply -k config/crd" 0 "$(k apply -k "$repo/config/crd" >/dev/null 2>"$tmp/crd.err"; echo $?)"
wait_for 30 k wait --for=condition=Established crd --all --timeout=1s
make_node node-a ", pool: edge" 2 24Gi
make_node node-b ", pool: edge" 4 16Gi
make_node node-c ", pool: core" 8 64Gi
k create namespace conntrack-system >/dev/null
start_controller controller-1 --agent-template "$here/agent-template.yaml" --flush-timeout 15s
start_controller controller-2 --agent-template "$here/agent-template.yaml" --flush-timeout 15s
for node in node-a node-b node-c; do start_agent "$node" --listen none --scan-interval 2s --heartbeat-min 5s --heartbeat-max 5s; done
becomes "no policy: no ConntrackNode" 5 "" field '.items[*].metadata.name' conntracknodes
becomes "no policy: no DaemonSet" 5 "" field '.items[*].metadata.name' daemonsets -n conntrack-system

step "a policy for every node"
cat >"$tmp/fleet.yaml" <<YAML
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: fleet}
spec:
  # By cores, so that each node asks for another limit: the three share one kernel, and what node-a sets all of them see.
  table: {size: {auto: {entriesPerCore: $((size / 2))}}, buckets: $((saved_buckets * 2))}
  timeouts: {tcp: {established: 24h, timeWait: 45s}}
  tracking: {logInvalid: None, helperAutoAssign: false}
YAML
is "kubectl apply" "conntrackpolicy.conntrack.dev/fleet created" "$(k apply -f "$tmp/fleet.yaml" 2>&1)"
for node in node-a node-b node-c; do
  becomes "$node: timeouts.tcp.established in the kernel" 10 86400 kernel "$node" tcp_timeout_established
  becomes "$node: timeouts.tcp.timeWait in the kernel" 5 45 kernel "$node" tcp_timeout_time_wait
done
becomes "node-a: the table's limit is set for real" 5 "$size" kernel node-a max
becomes "node-a: its buckets too" 5 "$((saved_buckets * 2))" kernel node-a buckets
becomes "node-a reports InSync" 10 InSync condition Applied reason conntracknode node-a
becomes "node-b reports ReadOnly, with the rest applied" 10 ReadOnly condition Applied reason conntracknode node-b
is "node-b: the read-only setting is told by name" ReadOnly "$(field '.status.settings[?(@.name=="nf_conntrack_max")].state' conntracknode node-b)"
is "node-b: the others are in sync" InSync "$(field '.status.settings[?(@.name=="nf_conntrack_tcp_timeout_established")].state' conntracknode node-b)"
is "a key this kernel has not got is NotSupported, not a failure" NotSupported "$(field '.status.settings[?(@.name=="nf_conntrack_helper")].state' conntracknode node-a)"
becomes "the policy counts: selected ready failed" 10 "3 1 2" field '.status.nodes.selected} {.status.nodes.ready} {.status.nodes.failed' ctp fleet
becomes "the policy says why" 5 NodesFailed condition Ready reason ctp fleet
is "each ConntrackNode is owned by its Node" "Node/node-a" "$(field '.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name' ctn node-a)"
becomes "the agents' DaemonSet is there, for every node that is not Windows" 5 '["windows"]' field '.spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values' daemonset -n conntrack-system conntrack-agent
has "exactly one controller leads" '^controller-[12]$' "$(field .spec.holderIdentity lease -n conntrack-system conntrack-controller)"
sleep 1
echo
echo '$ kubectl get conntrackpolicies'; k get conntrackpolicies
echo; echo '$ kubectl get conntracknodes'; k get conntracknodes
has "kubectl get conntrackpolicies shows its columns" 'NAME +NODES +READY +FAILED +HOTTEST +DROPS/MIN +STATUS +AGE' "$(k get conntrackpolicies)"
has "kubectl get conntracknodes shows its columns" 'NAME +ENTRIES +LIMIT +USED% +DROPS/MIN +APPLIED +PRESSURE +AGE' "$(k get conntracknodes)"
has "the short names work" 'node-a .* InSync' "$(k get ctn)"
has "kubectl get conntrack lists both kinds" 'conntrackpolicy.conntrack.dev/fleet' "$(k get conntrack)"

step "the policy is edited"
k patch ctp fleet --type=merge -p '{"spec":{"timeouts":{"tcp":{"established":"12h"}}}}' >/dev/null
for node in node-a node-b node-c; do becomes "$node follows" 5 43200 kernel "$node" tcp_timeout_established; done
k patch ctp fleet --type=json -p '[{"op":"remove","path":"/spec/timeouts/tcp/timeWait"}]' >/dev/null
becomes "node-a: a field taken out goes back to what was there" 5 "$base_time_wait_a" kernel node-a tcp_timeout_time_wait
becomes "node-b: a field taken out goes back to what was there" 5 "$base_time_wait" kernel node-b tcp_timeout_time_wait

step "a second policy with a higher priority, for one pool"
k apply -f - >/dev/null <<'YAML'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: edge}
spec:
  nodeSelector: {matchLabels: {pool: edge}}
  priority: 100
  timeouts: {tcp: {established: 2h, closeWait: 15s}}
YAML
becomes "node-b takes the field of the higher priority" 5 7200 kernel node-b tcp_timeout_established
becomes "and its other field" 5 15 kernel node-b tcp_timeout_close_wait
is "node-c, not selected, keeps the first policy's" 43200 "$(kernel node-c tcp_timeout_established)"
becomes "the edge policy is ready on both of its nodes" 10 "2 2" field '.status.nodes.selected} {.status.nodes.ready' ctp edge
k apply -f - >/dev/null <<'YAML'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: rival}
spec:
  nodeSelector: {matchLabels: {pool: edge}}
  priority: 100
  timeouts: {tcp: {closeWait: 99s}}
YAML
becomes "equal priority and another value: both say Conflict (the younger)" 10 True condition Conflict status ctp rival
becomes "equal priority and another value: both say Conflict (the older)" 10 True condition Conflict status ctp edge
has "the conflict names the field and the other policy" 'timeouts.tcp.closeWait.*edge' "$(condition Conflict message ctp rival)"
is "the older policy's value stands" 15 "$(kernel node-b tcp_timeout_close_wait)"
k delete ctp rival --timeout=30s >/dev/null
becomes "without the rival there is no conflict" 10 False condition Conflict status ctp edge

step "a table that fills: whose entries they are, and the Node's condition"
node_condition() { # NODE PATH
  field ".status.conditions[?(@.type==\"ConntrackPressure\")].$2" node "$1"
}
is "without being asked for there is none" "" "$(node_condition node-b status)"
k patch ctp edge --type=merge -p '{"spec":{"pressure":{"nodeCondition":true}}}' >/dev/null
becomes "the Node says how full its table is" 10 ConntrackNormal node_condition node-b reason
k create namespace shop >/dev/null
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: leaky, namespace: shop}
spec: {nodeName: node-b, containers: [{name: app, image: app}]}
YAML
k patch pod leaky -n shop --subresource=status --type=merge -p '{"status":{"phase":"Running","podIP":"10.244.1.7","podIPs":[{"ip":"10.244.1.7"}]}}' >/dev/null
seq 1 "$((size / 60))" | awk '{printf "-A -p udp -s 10.244.1.7 -d 10.9.%d.%d --sport %d --dport 9999 -t 600\n", $1 / 250 % 250, $1 % 250, 1024 + $1 % 60000}' \
  | on node-b conntrack -R - >/dev/null 2>&1
becomes "who has the most entries is seen" 60 10.244.1.7 field '.status.top.sources[0].address' ctn node-b
is "every entry was looked at" Exact "$(field .status.composition.basis ctn node-b)"
k patch ctp edge --type=merge -p '{"spec":{"pressure":{"warningPercent":1}}}' >/dev/null
becomes "over the policy's threshold the Node says so" 60 ConntrackWarning node_condition node-b reason
near_full() { k get events.events.k8s.io -n default -o jsonpath='{.items[?(@.reason=="TableNearFull")].note}'; }
becomes "and an event has the pod's name" 60 yes sh -c "'$KUBECTL' get events.events.k8s.io -n default -o jsonpath='{.items[?(@.reason==\"TableNearFull\")].note}' | grep -q 'most entries: 10.244.1.7 (pod shop/leaky)' && echo yes"
echo "  $(near_full)"
on node-b conntrack -F >/dev/null 2>&1
becomes "with the entries gone it is well again, not at once since each Node is written seldom" 60 ConntrackNormal node_condition node-b reason
k patch ctp edge --type=json -p '[{"op":"remove","path":"/spec/pressure"}]' >/dev/null
becomes "the field taken out, the condition goes" 60 "" node_condition node-b status

step "drift"
on node-b sh -c "echo 777 >$netfilter/nf_conntrack_tcp_timeout_established"
becomes "what somebody overwrites is put back" 6 7200 kernel node-b tcp_timeout_established
becomes "and counted" 10 1 field '.status.settings[?(@.name=="nf_conntrack_tcp_timeout_established")].rewrites' ctn node-b
becomes "and told on the Node" 10 DriftCorrected sh -c "'$KUBECTL' get events.events.k8s.io -n default -o jsonpath='{.items[?(@.reason==\"DriftCorrected\")].reason}'"
has "kubectl describe node shows it" 'DriftCorrected' "$(k describe node node-b)"

step "an agent is killed"
stop agent-node-b KILL
on node-b sh -c "echo 888 >$netfilter/nf_conntrack_tcp_timeout_established"
k patch ctp edge --type=merge -p '{"spec":{"timeouts":{"tcp":{"established":"3h"}}}}' >/dev/null
becomes "the policy sees a node that has not followed" 10 1 field .status.nodes.updating ctp edge
start_agent node-b --listen none
becomes "the next start repairs" 10 10800 kernel node-b tcp_timeout_established
becomes "the policy is whole again" 10 "2 2" field '.status.nodes.selected} {.status.nodes.ready' ctp edge
is "the original is not lost" "$base_established" "$(field '.status.settings[?(@.name=="nf_conntrack_tcp_timeout_established")].original' ctn node-b)"

step "a rollout, one node at a time"
stop agent-node-a KILL
k patch ctp edge --type=merge -p '{"spec":{"timeouts":{"tcp":{"closeWait":"16s"}},"rollout":{"maxUnavailable":1}}}' >/dev/null
becomes "the first node by name is given the change" 10 16 field '.spec.settings[?(@.name=="nf_conntrack_tcp_timeout_close_wait")].value' ctn node-a
becomes "the other one waits, since nobody reports there" 10 1 field .status.nodes.waiting ctp edge
becomes "and the policy says so" 10 RollingOut condition Reconciling reason ctp edge
sleep 1
is "its kernel keeps what it has" 15 "$(kernel node-b tcp_timeout_close_wait)"
start_agent node-a --listen none
becomes "when the first one has reported, the other one follows" 10 16 kernel node-b tcp_timeout_close_wait
becomes "and the rollout is over" 10 "2 0" field '.status.nodes.ready} {.status.nodes.waiting' ctp edge
k patch ctp edge --type=json -p '[{"op":"remove","path":"/spec/rollout"}]' >/dev/null

step "the leading controller is killed"
leader=$(field .spec.holderIdentity lease -n conntrack-system conntrack-controller)
stop "$leader" KILL
k patch ctp edge --type=merge -p '{"spec":{"timeouts":{"tcp":{"established":"4h"}}}}' >/dev/null
becomes "the other one takes over" 40 14400 kernel node-b tcp_timeout_established
start_controller "$leader" --agent-template "$here/agent-template.yaml" --flush-timeout 15s

step "the API server goes away and comes back"
stop api
on node-c sh -c "echo 999 >$netfilter/nf_conntrack_tcp_timeout_established"
becomes "without it the agents go on enforcing" 6 43200 kernel node-c tcp_timeout_established
stop agent-node-c KILL
on node-c sh -c "echo 999 >$netfilter/nf_conntrack_tcp_timeout_established"
start_agent node-c --listen none
becomes "even one that starts now, by its kept plan" 5 43200 kernel node-c tcp_timeout_established
start_api
k patch ctp fleet --type=merge -p '{"spec":{"timeouts":{"tcp":{"established":"6h"}}}}' >/dev/null
becomes "back again, edits arrive" 60 21600 kernel node-c tcp_timeout_established

step "the DaemonSet"
ds() { field "$1" daemonset -n conntrack-system conntrack-agent; }
k patch daemonset -n conntrack-system conntrack-agent --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"example.invalid/evil:1"}]' >/dev/null
becomes "edited, it comes back" 10 example.invalid/conntrack-agent:e2e ds '.spec.template.spec.containers[0].image'
k delete daemonset -n conntrack-system conntrack-agent >/dev/null
becomes "deleted, it comes back" 10 conntrack-agent ds .metadata.name

step "a node leaves"
k delete ctp fleet --timeout=60s >/dev/null
becomes "node-c puts its settings back" 10 "$base_established" kernel node-c tcp_timeout_established
becomes "and its ConntrackNode goes" 10 "" field '.items[?(@.metadata.name=="node-c")].metadata.name' ctn
becomes "node-a: the limit is what it was" 10 "$saved_max" kernel node-a max
# How long a resize waits goes by what it and the last one cost.
becomes "node-a: the buckets are what they were" 90 "$saved_buckets" kernel node-a buckets
becomes "the DaemonSet keeps its terms, so that no agent is restarted for it" 10 'kubernetes.io/os pool kubernetes.io/os' ds '.spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[*].matchExpressions[*].key'

step "from kubectl apply to the kernel, 50 changes"
: >"$tmp/latencies"
for i in $(seq 50); do
  cat >"$tmp/edge.yaml" <<YAML
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: edge}
spec:
  nodeSelector: {matchLabels: {pool: edge}}
  priority: 100
  timeouts: {tcp: {established: 2h, closeWait: $((100 + i))s}}
YAML
  k apply --server-side --force-conflicts -f "$tmp/edge.yaml" >/dev/null
  started=$(date +%s%N) deadline=$((SECONDS + 10))
  until [ "$(<$netfilter/nf_conntrack_tcp_timeout_close_wait)" = "$((100 + i))" ] || [ $SECONDS -ge $deadline ]; do :; done
  echo $((($(date +%s%N) - started) / 1000)) >>"$tmp/latencies"
done
sort -n "$tmp/latencies" >"$tmp/sorted"
p50=$(sed -n 25p "$tmp/sorted") p99=$(sed -n 50p "$tmp/sorted")
printf 'from `kubectl apply` returning to the kernel holding the value, 50 changes: p50 %d.%03d ms, p99 (the slowest) %d.%03d ms\n' $((p50 / 1000)) $((p50 % 1000)) $((p99 / 1000)) $((p99 % 1000))
is "p99 is under 1 s" yes "$([ "$p99" -lt 1000000 ] && echo yes || echo "$p99 us")"

step "flush"
# Documentation addresses (RFC 5737): nobody else's entries on this machine have them.
fill() { # NODE
  for i in $(seq 300); do
    echo "-A -t 600 -u SEEN_REPLY,ASSURED -s 198.51.100.$((i % 250 + 1)) -d 203.0.113.5 -p tcp --sport $((10000 + i)) --dport 443 --state $([ "$i" -gt 250 ] && echo ESTABLISHED || echo TIME_WAIT)"
  done | on "$1" conntrack -R - >/dev/null 2>&1
}
entries() { on "$1" conntrack -L -p tcp -s 198.51.100.0/24 --state "$2" 2>/dev/null | grep -c .; } # NODE STATE
rules() { on "$1" sh -c 'nft list ruleset; iptables-save; ip6tables-save' 2>/dev/null | grep -v '^#' | sed 's/counter packets [0-9]* bytes [0-9]*/counter/; s/ \[[0-9]*:[0-9]*\]$//'; }
flush() { # NAME DRY_RUN NODES
  k apply -f - 2>&1 <<YAML
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackFlush
metadata: {name: $1}
spec:
  $3
  dryRun: $2
  match: {protocol: TCP, states: [TIME_WAIT], source: 198.51.100.0/24}
YAML
}
k apply -f - >/dev/null <<'YAML'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: everywhere}
spec:
  timeouts: {generic: 11m}
YAML
for node in node-a node-b node-c; do becomes "$node is looked after" 15 660 kernel "$node" generic_timeout; done
for node in node-a node-b node-c; do fill "$node"; done
is "node-a, node-b and node-c hold 250 TIME_WAIT entries each" "250 250 250" "$(entries node-a TIME_WAIT) $(entries node-b TIME_WAIT) $(entries node-c TIME_WAIT)"
rules_a=$(rules node-a) rules_b=$(rules node-b)
flush count true 'nodeSelector: {}' >/dev/null
becomes "a dry run succeeds" 20 Succeeded field .status.phase ctf count
is "on three nodes it matches 750 and deletes none" "3 3 750 0" "$(field '.status.nodes.selected} {.status.nodes.done} {.status.matched} {.status.deleted' ctf count)"
is "nothing is gone" "250 250 250" "$(entries node-a TIME_WAIT) $(entries node-b TIME_WAIT) $(entries node-c TIME_WAIT)"
flush once false 'nodeSelector: {}' >/dev/null
becomes "the real one succeeds" 20 Succeeded field .status.phase ctf once
is "three nodes deleted 750" "3 3 750 750" "$(field '.status.nodes.selected} {.status.nodes.done} {.status.matched} {.status.deleted' ctf once)"
is "the kernels hold none of them" "0 0 0" "$(entries node-a TIME_WAIT) $(entries node-b TIME_WAIT) $(entries node-c TIME_WAIT)"
is "and all others" "50 50 50" "$(entries node-a ESTABLISHED) $(entries node-b ESTABLISHED) $(entries node-c ESTABLISHED)"
is "node-a's rules are what they were, counters aside" "$rules_a" "$(rules node-a)"
is "node-b's too" "$rules_b" "$(rules node-b)"
echo; echo '$ kubectl get conntrackflushes'; k get conntrackflushes; echo
stop agent-node-b KILL
fill node-b
start_agent node-b --listen none
is "the same object applied again is no other flush" "conntrackflush.conntrack.dev/once unchanged" "$(flush once false 'nodeSelector: {}')"
sleep 4
is "an agent that starts again does not do it again" 250 "$(entries node-b TIME_WAIT)"
stop agent-node-c
flush away false 'nodeName: node-c' >/dev/null
becomes "a node whose agent is stopped fails the flush within its bound" 25 Failed field .status.phase ctf away
is "and why is said" "node-c TimedOut" "$(field '.status.failures[0].name} {.status.failures[0].reason' ctf away)"
start_agent node-c --listen none
told=$("$CLI" flush --node node-b --protocol tcp --state TIME_WAIT --source 198.51.100.0/24 --yes 2>&1); told_exit=$?
has "kubectl conntrack flush does one and waits" 'Succeeded: 250 of 250 matching entries deleted; 1 of 1 nodes done, 0 failed' "$told"
is "and says so by its exit code" 0 "$told_exit"
echo; echo '$ kubectl conntrack top --node node-b'; "$CLI" top --node node-b 2>&1
on node-a conntrack -D -s 198.51.100.0/24 >/dev/null 2>&1
k delete ctf --all >/dev/null
k delete ctp everywhere --timeout=60s >/dev/null

step "the last policy is deleted"
k delete ctp edge --timeout=60s >/dev/null
is "kubectl delete returns once the nodes have restored: node-a" "$base_close_wait" "$(kernel node-a tcp_timeout_close_wait)"
is "node-b" "$base_established" "$(kernel node-b tcp_timeout_established)"
is "node-a's own" "$base_established_a" "$(kernel node-a tcp_timeout_established)"
becomes "no ConntrackNode is left" 10 "" field '.items[*].metadata.name' ctn
becomes "no DaemonSet is left" 10 "" field '.items[*].metadata.name' daemonsets -n conntrack-system
for node in node-a node-b node-c; do
  has "$node: no original is left on the disk" '"originals":\{\}' "$(cat "$tmp/state-$node/originals.json")"
done

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

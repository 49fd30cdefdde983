#!/usr/bin/env bash
# The agent's figures, as they stand in docs/performance.md:
#
#   tests/e2e/figures.sh [SECONDS]       default 300: how long the idle agent is watched
#
# Needs what run.sh needs. Prints the size of the binary, the time from process start to the first setting applied (by the kept
# plan, with no API server to be had), and after SECONDS with reports the resident memory and the CPU time of an hour.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
publish
seconds=${1:-300}

start_network
start_etcd
start_api
k apply -k "$repo/config/crd" >/dev/null
wait_for 30 k wait --for=condition=Established crd --all --timeout=1s
make_node node-b ", pool: edge" 2 24Gi
k create namespace conntrack-system >/dev/null
# node-b is a namespace: the table's size is not its own to set, the other settings are.
k apply -f - >/dev/null <<'YAML'
apiVersion: conntrack.dev/v1alpha1
kind: ConntrackPolicy
metadata: {name: figures}
spec:
  timeouts:
    generic: 5m
    icmp: 20s
    icmpv6: 20s
    tcp: {synSent: 60s, synReceived: 30s, established: 24h, finWait: 60s, closeWait: 30s, lastAck: 20s, timeWait: 60s, close: 5s, maxRetransmit: 2m, unacknowledged: 2m}
    udp: {unreplied: 20s, stream: 60s}
    sctp: {established: 120s}
    gre: {unreplied: 20s, stream: 60s}
  tcp: {beLiberal: true, loose: true, maxRetransmits: 4}
  tracking: {events: Auto, logInvalid: None, checksum: true}
YAML
start_controller controller-1
start_agent node-b --listen 127.0.0.1:9808
wait_for 30 k wait --for=condition=Applied ctn/node-b --timeout=1s || { echo "the agent did not report"; exit 1; }
pid=$(pgrep -P $$ -f 'conntrack-agent' | head -n 1)
[ -n "$pid" ] || { echo "no agent"; exit 1; }
sleep 5
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
before=$(ticks)
sleep "$seconds"
after=$(ticks)
rss=$(awk '/VmRSS/{print $2}' "/proc/$pid/status") anon=$(awk '/RssAnon/{print $2}' "/proc/$pid/status")

echo
echo "2 cores, Linux $(uname -r | cut -d. -f1,2); $(k get ctn node-b -o jsonpath='{.spec.settings[*].name}' | wc -w) settings, looked at every 2 s, a scan a minute, health endpoint on"
printf 'binary                                     %s bytes (%s MiB)\n' "$(stat -c %s "$AGENT")" "$(awk "BEGIN{printf \"%.1f\", $(stat -c %s "$AGENT")/1048576}")"
printf 'resident after %4d s                      %s kB (%s MiB), of it anonymous %s kB\n' "$seconds" "$rss" "$(awk "BEGIN{printf \"%.1f\", $rss/1024}")" "$anon"
printf 'CPU seconds an hour, idle                  %s\n' "$(awk "BEGIN{printf \"%.1f\", ($after-$before)/$(getconf CLK_TCK)*3600/$seconds}")"

# From exec to the kernel holding the first value, with the plan kept and the API server away; 20 starts, the median.
stop agent-node-b KILL
stop api
key=$netfilter/nf_conntrack_tcp_timeout_established
wanted=$(on node-b cat "$key")
for _ in $(seq 20); do
  on node-b sh -c "echo 4242 >$key"
  # The reader is in the namespace before the agent starts: it polls the key without starting a process.
  on node-b bash -c 'key=$1 wanted=$2; shift 2
    "$@" >/dev/null 2>&1 & pid=$!; start=${EPOCHREALTIME/./}
    for ((i = 0; i < 200000; i++)); do read -r now <"$key"; [ "$now" = "$wanted" ] && break; done
    echo $((${EPOCHREALTIME/./} - start)); kill -KILL $pid; wait $pid 2>/dev/null' _ "$key" "$wanted" \
    "$AGENT" --node-name node-b --server "https://$subnet.1:$api_port" --state-dir "$tmp/state-node-b" --start-jitter 0s --listen none 2>/dev/null
done | sort -n >"$tmp/starts"
printf 'process start to first setting applied     median %s ms, slowest of 20 %s ms\n' \
  "$(awk 'NR==10{printf "%.1f", $1/1000}' "$tmp/starts")" "$(awk 'END{printf "%.1f", $1/1000}' "$tmp/starts")"

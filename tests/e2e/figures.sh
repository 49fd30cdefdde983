#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2034,SC2154
# The agent's figures, as they stand in docs/performance.md:
#
#   tests/e2e/figures.sh [SECONDS]       default 300: how long the idle agent is watched
#
# Needs what run.sh needs. Prints the size of the binary, the time from process start to the first setting applied (by the kept
# plan, with no API server to be had), and after SECONDS with reports the resident memory and the CPU time of an hour; then the
# same with telemetry on (OTLP to a collector, a scrape every 15 s), beside prometheus-node-exporter with its conntrack
# collector alone, scraped as often in the same time. Needs Debian's prometheus-node-exporter for that part.
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

# The same agent with telemetry, and node_exporter beside it.
if command -v prometheus-node-exporter >/dev/null; then
  stop agent-node-b TERM
  python3 - "$subnet.1" 4318 >/dev/null 2>&1 <<'PYTHON' &
import http.server, sys
class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200); self.send_header("content-type", "application/x-protobuf"); self.send_header("content-length", "0"); self.end_headers()
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Sink).serve_forever()
PYTHON
  pids[sink]=$!
  export OTEL_EXPORTER_OTLP_ENDPOINT=http://$subnet.1:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRIC_EXPORT_INTERVAL=15000
  start_agent node-b --listen 127.0.0.1:9808
  unset OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_PROTOCOL OTEL_METRIC_EXPORT_INTERVAL
  nsenter --net="/run/netns/$net-node-b" prometheus-node-exporter --collector.disable-defaults --collector.conntrack --web.listen-address=127.0.0.1:9100 >"$tmp/exporter.log" 2>&1 &
  pids[exporter]=$!
  sleep 5
  agent=$(pgrep -P $$ -f 'conntrack-agent' | head -n 1) exporter=${pids[exporter]}
  both() { for p in "$agent" "$exporter"; do awk '{print $14 + $15}' "/proc/$p/stat"; done; }
  read -r -d '' agent_before exporter_before < <(both; printf '\0')
  for _ in $(seq $((seconds / 15))); do
    for port in 9808 9100; do on node-b curl -s -o "$tmp/scraped.$port" "http://127.0.0.1:$port/metrics"; done
    sleep 15
  done
  read -r -d '' agent_after exporter_after < <(both; printf '\0')
  grep -q '^conntrack_entries_limit ' "$tmp/scraped.9808" && grep -q '^node_nf_conntrack_entries_limit ' "$tmp/scraped.9100" || { echo "a scrape came back without its metrics"; exit 1; }
  awk -v a="$(awk '/VmRSS/{print $2}' "/proc/$agent/status")" -v e="$(awk '/VmRSS/{print $2}' "/proc/$exporter/status")" \
    -v ac=$((agent_after - agent_before)) -v ec=$((exporter_after - exporter_before)) -v hz="$(getconf CLK_TCK)" -v s=$((seconds / 15 * 15)) 'BEGIN {
      printf "with OTLP and a scrape every 15 s:\n"
      printf "resident                                   %d kB (%.1f MiB); node_exporter %d kB; ratio %.2f\n", a, a / 1024, e, a / e
      printf "CPU                                        %.3f %% of a core; node_exporter %.3f %%\n", ac / hz / s * 100, ec / hz / s * 100
    }'
  stop exporter TERM
else
  echo "with telemetry: not measured, prometheus-node-exporter is not installed"
fi

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

#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2034,SC2154
# What docs/table-full.md and the runbooks show of lost packets, from one run: a table that is really full while new connections
# come, then two clients behind one address that race for one source port. Each command is printed with its output.
#
#   tests/e2e/losses.sh             needs root, ip, nft, conntrack, cc; holds the tests' lock on the machine's limit meanwhile
#
# ENTRIES is how many fill the table (393216), KC the program kubectl-conntrack; without it, that is built.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
entries=${ENTRIES:-393216}
work=$(mktemp -d)
name=losses-$$
limit=/proc/sys/net/netfilter/nf_conntrack_max

if [ -z "${KC:-}" ]; then
  dotnet build "$root/src/ConntrackOperator.Cli" -c Release >"$work/build.log" || { tail -n 20 "$work/build.log"; exit 2; }
  KC=$root/src/ConntrackOperator.Cli/bin/Release/net10.0/kubectl-conntrack
fi
exec 9>"${TMPDIR:-/tmp}/conntrack-operator-machine.lock"
flock 9
before=$(cat $limit)
clean() {
  kill "${started[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  echo "$before" >$limit
  ip netns delete "$name" 2>/dev/null || true
  rm -rf "$work"
}
started=()
trap clean EXIT

inside() { ip netns exec "$name" "$@" 9>&-; }
show() {
  echo "\$ kubectl conntrack ${*//$work\//}"
  inside "$KC" "$@" || true
  echo
}

cat >"$work/traffic.c" <<'C'
/* traffic new ADDRESS: 1,650 new UDP flows a second over loopback.
   traffic race ADDRESS: the first packets of new UDP flows from 10.92.1.1 and 10.92.1.2, from one source port, at one moment. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_uint turn[2];
static const char *server;

static struct sockaddr_in at(const char *address, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

static void *client(void *which) {
    int me = which != NULL;
    struct sockaddr_in to = at(server, 53);
    for (unsigned i = 1;; i++) {
        struct sockaddr_in from = at(me ? "10.92.1.2" : "10.92.1.1", 2000 + i % 60000);
        int s = socket(AF_INET, SOCK_DGRAM, 0);
        bind(s, (struct sockaddr *)&from, sizeof from);
        connect(s, (struct sockaddr *)&to, sizeof to);
        atomic_store(&turn[me], i);
        for (int spins = 0; atomic_load(&turn[!me]) < i; spins++)
            if (spins > 10000) sched_yield();
        send(s, "", 1, 0);
        close(s);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    server = arguments[2];
    if (strcmp(arguments[1], "race") == 0) {
        pthread_t other;
        pthread_create(&other, NULL, client, &other);
        client(NULL);
    }
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned i = 0;; i++) {
        char text[32];
        snprintf(text, sizeof text, "127.2.%u.1", i / 50000 % 250);
        struct sockaddr_in to = at(text, 10000 + i % 50000);
        sendto(s, "", 1, 0, (struct sockaddr *)&to, sizeof to);
        nanosleep(&(struct timespec){.tv_nsec = 606060}, NULL);
    }
}
C
cc -O2 -pthread -o "$work/traffic" "$work/traffic.c"

# Three in four are connections to one database, idle for anything up to two days; the rest have just ended.
awk -v n="$entries" 'BEGIN {
  srand(7)
  for (i = 0; i < n; i++) {
    source = "10.42." int(i / 17) % 4 "." 1 + i % 17
    if (rand() < 0.76)
      printf "-A -p tcp -s %s -d 10.96.14.7 --sport %d --dport 5432 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t %d\n", source, 1024 + int(i / 68), 432000 - int(rand() * 180000)
    else
      printf "-A -p tcp -s %s -d 10.96.0.10 --sport %d --dport 443 --state TIME_WAIT -u SEEN_REPLY,ASSURED -t %d\n", source, 1024 + int(i / 68), 120 - int(rand() * 40)
  }
}' >"$work/entries"

echo "# A full table"
ip netns add "$name"
inside ip link set lo up
inside nft -f - <<'N'
table inet tracking { chain out { type filter hook output priority 0; ct state new counter accept; }; }
N
echo 0 >$limit
inside conntrack -R "$work/entries" >/dev/null
inside cat /proc/sys/net/netfilter/nf_conntrack_count >$limit
inside "$work/traffic" new 127.0.0.1 &
started+=($!)
sleep 2
echo "\$ dmesg | grep 'table full' | tail -1"
dmesg | grep 'table full' | tail -1 || true
echo
show host status --state-dir "$work/state"
show host top --once
show host advise
show host flows --protocol tcp --state ESTABLISHED --idle-for 40h --timeouts-held -o table --limit 4
show host backup "$work/before.json"
show host flush --protocol tcp --state ESTABLISHED --idle-for 6h --timeouts-held --dry-run
show host flush --protocol tcp --state ESTABLISHED --idle-for 6h --timeouts-held --yes
show host top --once
kill "${started[@]}"
wait "${started[@]}" 2>/dev/null || true
started=()
ip netns delete "$name"
echo "$before" >$limit

echo "# Races in a table with room"
ip netns add "$name"
inside ip -batch - <<'I'
link add out0 type veth peer name out1
link set lo up
link set out0 up
link set out1 up
addr add 10.92.0.1/24 dev out0
addr add 10.92.1.1/32 dev lo
addr add 10.92.1.2/32 dev lo
neigh replace 10.92.0.2 lladdr 02:00:00:00:00:02 dev out0 nud permanent
I
inside nft -f - <<'N'
table ip race { chain out { type nat hook postrouting priority 100; ip saddr 10.92.1.0/24 snat to 10.92.0.1; }; }
N
inside sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3
inside "$work/traffic" race 10.92.0.2 &
started+=($!)
sleep 2
show host status --state-dir "$work/state"
show host top --once
show host advise

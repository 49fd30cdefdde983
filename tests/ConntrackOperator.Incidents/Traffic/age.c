// age port=N left=SECONDS state=ESTABLISHED: time passes for the entries to a port in a state, by what the kernel has left of their time-out.
// (conntrack -U can't for translated entries: it sends their translation back, which the kernel refuses to change.)
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char message[512];
static size_t length;

static void put(int type, const void *data, size_t size) {
  struct nlattr a = {.nla_len = NLA_HDRLEN + size, .nla_type = type};
  memcpy(message + length, &a, sizeof a);
  memcpy(message + length + NLA_HDRLEN, data, size);
  length += NLA_HDRLEN + NLA_ALIGN(size);
}

static size_t begin(int type) {
  size_t at = length;
  put(type | NLA_F_NESTED, "", 0);
  return at;
}

static void end(size_t at) { ((struct nlattr *)(message + at))->nla_len = length - at; }

int age(void) {
  FILE *table = fopen("/proc/net/nf_conntrack", "r");
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), changed = 0;
  if (!table || fd < 0) die("age");
  unsigned port = option_number("port", 0);
  uint32_t left = htonl((uint32_t)option_number("left", 0));
  const char *wanted = option("state", "ESTABLISHED");
  char line[1024], from[32], to[32], state[32];
  while (fgets(line, sizeof line, table)) {
    unsigned sport, dport;
    if (sscanf(line, "ipv4 2 tcp 6 %*u %31s src=%31s dst=%31s sport=%u dport=%u", state, from, to, &sport, &dport) != 5 || dport != port || strcmp(state, wanted)) continue;
    memset(message, 0, sizeof message);
    struct nlmsghdr *header = (struct nlmsghdr *)message;
    struct nfgenmsg *family = NLMSG_DATA(header);
    length = NLMSG_SPACE(sizeof *family);
    header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    family->nfgen_family = AF_INET;
    struct in_addr source, destination;
    inet_pton(AF_INET, from, &source), inet_pton(AF_INET, to, &destination);
    size_t tuple = begin(CTA_TUPLE_ORIG), part = begin(CTA_TUPLE_IP);
    put(CTA_IP_V4_SRC, &source, 4), put(CTA_IP_V4_DST, &destination, 4);
    end(part);
    part = begin(CTA_TUPLE_PROTO);
    uint16_t source_port = htons(sport), destination_port = htons(dport);
    put(CTA_PROTO_NUM, "\6", 1), put(CTA_PROTO_SRC_PORT, &source_port, 2), put(CTA_PROTO_DST_PORT, &destination_port, 2);
    end(part), end(tuple);
    put(CTA_TIMEOUT, &left, 4);
    header->nlmsg_len = length;
    char answer[512];
    if (send(fd, message, length, 0) < 0 || recv(fd, answer, sizeof answer, 0) < 0) die("netlink");
    // An entry that ended meanwhile is none of those.
    changed += ((struct nlmsgerr *)NLMSG_DATA(answer))->error == 0;
  }
  printf("changed %d\n", changed);
  return changed == 0;
}

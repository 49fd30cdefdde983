// raw kind=syn|ack|udp|icmp from=ADDRESS sources=N random=1 to=ADDRESS hosts=N ports=FIRST-LAST sports=FIRST-LAST rate=N max=N size=N
// Packets with any source at a rate. Ports, hosts and sources are taken in turn, the fastest first: source port, port, host; with
// random=1 the source is any of the N and the source port any of its range. Prints "sent N wanted N".
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t sum(const void *data, size_t length, uint32_t start) {
  const uint8_t *p = data;
  for (; length > 1; length -= 2, p += 2) start += p[0] << 8 | p[1];
  return length ? start + (p[0] << 8) : start;
}

static uint16_t folded(uint32_t s) {
  while (s >> 16) s = (s & 0xffff) + (s >> 16);
  return htons(~s);
}

struct range {
  unsigned first, count;
};

static struct range range_of(const char *text) {
  const char *dash = strchr(text, '-');
  unsigned first = atoi(text), last = dash ? (unsigned)atoi(dash + 1) : first;
  return (struct range){first, last - first + 1};
}

int raw_packets(void) {
  const char *kind = option("kind", "syn");
  uint32_t from = ntohl(address(option("from", "")).sin_addr.s_addr), to = ntohl(address(option("to", "")).sin_addr.s_addr);
  unsigned sources = option_number("sources", 1), hosts = option_number("hosts", 1), size = option_number("size", 16), anyone = option_number("random", 0);
  struct range ports = range_of(option("ports", "80")), sports = range_of(option("sports", "1024-65535"));
  int protocol = *kind == 'u' ? IPPROTO_UDP : *kind == 'i' ? IPPROTO_ICMP : IPPROTO_TCP, buffer = 4 << 20;
  int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  double rate = option_number("rate", 1000), next = now() + 1;
  unsigned long most = option_number("max", 1e15), sent = 0, failed = 0, i = random();
  for (;;) {
    for (long n = due(rate); n > 0 && sent < most; n--, i++) {
      uint8_t packet[2048] = {0};
      struct iphdr *ip = (struct iphdr *)packet;
      void *rest = packet + sizeof *ip;
      unsigned source = anyone ? random() % sources : sent % sources;
      unsigned turn = sent / sources;
      uint16_t sport = sports.first + (anyone ? random() : ports.count * hosts > 1 ? i / ports.count / hosts : i / sources) % sports.count;
      uint16_t port = ports.first + turn % ports.count;
      size_t length = protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : 8 + size;
      ip->version = 4, ip->ihl = 5, ip->ttl = 64, ip->protocol = protocol, ip->id = htons(i), ip->tot_len = htons(sizeof *ip + length);
      ip->saddr = htonl(from + source), ip->daddr = htonl(to + turn / ports.count % hosts);
      uint32_t pseudo = sum(&ip->saddr, 8, protocol + length);
      if (protocol == IPPROTO_TCP) {
        struct tcphdr *tcp = rest;
        tcp->source = htons(sport), tcp->dest = htons(port), tcp->seq = random(), tcp->doff = 5, tcp->window = htons(64240);
        tcp->syn = *kind == 's', tcp->ack = *kind == 'a', tcp->check = folded(sum(tcp, length, pseudo));
      } else if (protocol == IPPROTO_UDP) {
        struct udphdr *udp = rest;
        udp->source = htons(sport), udp->dest = htons(port), udp->len = htons(length), udp->check = folded(sum(udp, length, pseudo));
      } else {
        struct icmphdr *icmp = rest;
        icmp->type = ICMP_ECHO, icmp->un.echo.id = htons(sport), icmp->un.echo.sequence = htons(1), icmp->checksum = folded(sum(icmp, length, 0));
      }
      struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = ip->daddr};
      if (sendto(fd, packet, sizeof *ip + length, 0, (struct sockaddr *)&a, sizeof a) < 0) failed++;
      sent++;
    }
    usleep(2000);
    if (now() < next) continue;
    next = now() + 1;
    printf("sent %lu wanted %.0f failed %lu\n", sent, wanted < most ? wanted : most, failed);
  }
}

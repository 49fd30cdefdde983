// serve tcp=PORT:WHAT,... udp=PORT:WHAT,...
// TCP: echo answers what comes and closes after the client; hold reads and never closes; stream writes a line a second once it
// was spoken to, to clients that have sent their FIN too. UDP: echo answers, sink only reads.
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum what { LISTEN = 1, ECHO, HOLD, STREAM, UDP_ECHO, UDP_SINK };
static unsigned char what_of[FILES], listening_as[FILES], spoken[FILES];
static int queue, highest;

static void add(int fd, enum what what) {
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  if (fd >= FILES || epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
  what_of[fd] = what;
  spoken[fd] = 0;
  if (fd > highest) highest = fd;
}

static void drop(int fd) {
  what_of[fd] = 0;
  close(fd);
}

static enum what parse(const char *text, int udp) {
  if (udp) return !strcmp(text, "echo") ? UDP_ECHO : UDP_SINK;
  return !strcmp(text, "echo") ? ECHO : !strcmp(text, "hold") ? HOLD : STREAM;
}

static void bind_all(const char *list, int udp) {
  char copy[1024], *rest = copy, *item;
  snprintf(copy, sizeof copy, "%s", list);
  while ((item = strsep(&rest, ",")) && *item) {
    char *colon = strchr(item, ':');
    *colon = 0;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(item))};
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (udp) setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one), setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || (!udp && listen(fd, 4096))) die(item);
    add(fd, udp ? parse(colon + 1, 1) : LISTEN);
    if (!udp) listening_as[fd] = parse(colon + 1, 0);
  }
}

static void answer_datagrams(int fd) {
  char data[2048], control[256];
  struct sockaddr_in peer;
  for (int i = 0; i < 256; i++) {
    struct iovec v = {data, sizeof data};
    struct msghdr m = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, 0);
    if (n < 0) return;
    if (what_of[fd] != UDP_ECHO) continue;
    // From the address that was asked: the control message names it, and goes back as it came but for the interface.
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == IP_PKTINFO) ((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = 0;
    v.iov_len = n;
    sendmsg(fd, &m, 0);
  }
}

static void answer(int fd) {
  char data[4096];
  ssize_t n = read(fd, data, sizeof data);
  if (n > 0) {
    spoken[fd] = 1;
    if (what_of[fd] == ECHO && write(fd, data, n) < 0) drop(fd);
  } else if (n == 0 && what_of[fd] != ECHO) {
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, NULL);
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    drop(fd);
  }
}

int serve(void) {
  queue = epoll_create1(EPOLL_CLOEXEC);
  bind_all(option("tcp", ""), 0);
  bind_all(option("udp", ""), 1);
  shared->ready++;
  while (worker == 0 && shared->ready < workers) usleep(1000);
  if (worker == 0) printf("ready\n");
  struct epoll_event events[512];
  for (double next = now() + 1;;) {
    int count = epoll_wait(queue, events, 512, 100);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (what_of[fd] == LISTEN) {
        for (int client; (client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) add(client, listening_as[fd]);
      } else if (what_of[fd] >= UDP_ECHO) {
        answer_datagrams(fd);
      } else if (what_of[fd]) {
        answer(fd);
      }
    }
    if (now() < next) continue;
    next = now() + 1;
    for (int fd = 0; fd <= highest; fd++)
      if (what_of[fd] == STREAM && spoken[fd] && write(fd, "line\n", 5) < 0 && errno != EAGAIN) drop(fd);
  }
}

// load from=ADDRESS new=RATE@ADDR:PORT,... dns=RATE@ADDR:PORT long=COUNT@ADDR:PORT,... keep=COUNT@ADDR:PORT half=COUNT@ADDR:PORT
// The legitimate traffic: new connections (connect, ask, be answered, close) and queries at a rate; connections that ask every
// second; connections that are silent until a line comes on standard input; half-closed ones, which have sent their FIN and are
// written to every second. Prints "lost KIND START" for what was not answered in time, "broken KIND TIME" for an established one
// that ended or fell silent, and each second "tick TIME new N dns N long N keep N half N": begun so far, and alive now.
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { NEW = 1, DNS, LONG, KEEP, HALF, KINDS };
static const char *names[] = {"", "new", "dns", "long", "keep", "half"};
// In time: SYNs leave after 0 and 1 s, so a connection is lost that has lost two. What is established may lose a few packets more.
static const double patience[] = {0, 2.5, 2.5, 8, 8, 8};

static struct connection {
  enum kind kind;
  int established, said;
  double start, asked;
} of[FILES];
static struct target {
  struct sockaddr_in to;
  double amount, left;
} targets[KINDS][8];
static int queue, highest, begun[KINDS];
static struct in_addr from;

static void read_targets(enum kind kind) {
  char copy[512], *rest = copy, *item;
  snprintf(copy, sizeof copy, "%s", option(names[kind], ""));
  for (int i = 0; i < 8 && (item = strsep(&rest, ",")) && *item; i++) {
    char *at = strchr(item, '@');
    targets[kind][i] = (struct target){address(at + 1), atof(item), 0};
  }
}

static void end(int fd, const char *how, double when) {
  if (how) printf("%s %s %.2f\n", how, names[of[fd].kind], when);
  of[fd].kind = 0;
  close(fd);
}

static void begin(enum kind kind, struct sockaddr_in to) {
  int fd;
  begun[kind]++;
  if (kind == DNS) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = from};
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof a) || connect(fd, (struct sockaddr *)&to, sizeof to) || send(fd, "query", 5, 0) != 5)) die("query");
  } else {
    fd = connect_from(from, to);
  }
  if (fd < 0 || fd >= FILES) die("begin");
  of[fd] = (struct connection){.kind = kind, .start = now(), .asked = now()};
  struct epoll_event e = {.events = kind == DNS ? EPOLLIN : EPOLLOUT, .data.fd = fd};
  if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
  if (fd > highest) highest = fd;
}

// Only what asks and waits has something asked for: silent ones are not waited for.
static void ask(int fd) {
  if (send(fd, "ask\n", 4, 0) != 4) {
    end(fd, "broken", now());
    return;
  }
  of[fd].asked = now();
  of[fd].said = 1;
}

static void happened(int fd, unsigned events) {
  struct connection *c = &of[fd];
  char data[4096];
  if (!c->established && c->kind != DNS) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
      end(fd, "lost", c->start);
      return;
    }
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(queue, EPOLL_CTL_MOD, fd, &e);
    c->established = 1;
    enum kind kind = c->kind;
    ask(fd);
    if (kind == HALF) shutdown(fd, SHUT_WR);
    return;
  }
  ssize_t n = read(fd, data, sizeof data);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) end(fd, c->kind <= DNS ? "lost" : "broken", c->kind <= DNS ? c->start : now());
  else if (c->kind <= DNS) end(fd, NULL, 0);
  else {
    c->said = c->kind == HALF;
    c->asked = now();
  }
}

static void look_at_clocks(double t, int pings) {
  for (int fd = 0; fd <= highest; fd++) {
    struct connection *c = &of[fd];
    if (!c->kind) continue;
    if ((!c->established || c->said) && t - c->asked > patience[c->kind]) {
      end(fd, c->established || c->kind > DNS ? "broken" : "lost", c->kind <= DNS ? c->start : t);
    } else if (c->established && !c->said && ((c->kind == LONG && t - c->asked >= 1) || (c->kind == KEEP && pings))) {
      ask(fd);
    }
  }
}

int load(void) {
  queue = epoll_create1(EPOLL_CLOEXEC);
  from = address(option("from", "")).sin_addr;
  for (int kind = NEW; kind < KINDS; kind++) {
    read_targets(kind);
    for (int i = 0; kind >= LONG && i < 8; i++)
      for (int n = 0; n < targets[kind][i].amount; n++) begin(kind, targets[kind][i].to);
  }
  struct epoll_event events[256];
  double last = now(), next = last + 1;
  for (;;) {
    int count = epoll_wait(queue, events, 256, 10);
    for (int i = 0; i < count; i++)
      if (of[events[i].data.fd].kind) happened(events[i].data.fd, events[i].events);
    double t = now(), passed = t - last;
    last = t;
    for (int kind = NEW; kind <= DNS; kind++)
      for (struct target *g = targets[kind]; g < targets[kind] + 8 && g->amount > 0; g++) {
        g->left += passed * g->amount;
        if (g->left > 20) g->left = 20;
        for (; g->left >= 1; g->left--) begin(kind, g->to);
      }
    int pings = pings_wanted, alive[KINDS] = {0};
    pings_wanted = 0;
    look_at_clocks(t, pings);
    if (t < next) continue;
    next = t + 1;
    for (int fd = 0; fd <= highest; fd++)
      if (of[fd].established) alive[of[fd].kind]++;
    printf("tick %.2f new %d dns %d long %d keep %d half %d\n", t, begun[NEW], begun[DNS], alive[LONG], alive[KEEP], alive[HALF]);
  }
}

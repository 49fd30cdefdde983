// open from=ADDRESS sources=N to=ADDR:PORT,... rate=N max=N then=hold|ask|poll|fin|close every=SECONDS
// Real TCP connections at a rate, from N addresses in turn: hold sends nothing ever; ask sends a line, and again every so many
// seconds; poll asks once and waits; fin sends its FIN and waits; close asks, is answered and closes. Prints "opened N wanted N open N".
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char state[FILES];  // 1 being made, 2 established
static double asked[FILES];

// Those that are still being made count as opened, not as open.
static void end(int fd) {
  close(fd);
  shared->open -= state[fd] == 2;
  state[fd] = 0;
}

int open_connections(void) {
  struct in_addr first = address(option("from", "")).sin_addr;
  long sources = option_number("sources", 1), most = option_number("max", 70000) / workers, turn = worker, open = 0, targets = 0, counted = 0;
  double rate = option_number("rate", 100) / workers, every = option_number("every", 0), patience = option_number("patience", 10);
  char then = *option("then", "hold"), copy[512], *rest = copy, *item;
  struct sockaddr_in to[64];
  snprintf(copy, sizeof copy, "%s", option("to", ""));
  while (targets < 64 && (item = strsep(&rest, ",")) && *item) to[targets++] = address(item);
  int queue = epoll_create1(EPOLL_CLOEXEC), highest = 0;
  struct epoll_event events[1024];
  for (double next = now() + 1, sweep = now();;) {
    double before = wanted;
    long n = due(rate);
    // None are wanted while as many are open as may be.
    if (open >= most) wanted = before;
    shared->wanted += (long)wanted - counted;
    counted = (long)wanted;
    for (; n > 0 && open < most; n--) {
      struct in_addr from = {htonl(ntohl(first.s_addr) + turn % sources)};
      int fd = connect_from(from, to[turn / sources % targets]);
      turn += workers;
      if (fd < 0 || fd >= FILES) {
        shared->failed++;
        break;
      }
      struct epoll_event e = {.events = EPOLLOUT, .data.fd = fd};
      epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e);
      state[fd] = 1;
      asked[fd] = now();
      shared->opened++;
      open++;
      if (fd > highest) highest = fd;
    }
    int count = epoll_wait(queue, events, 1024, 5);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd, error = 0, gone = 0;
      socklen_t size = sizeof error;
      char data[4096];
      if (state[fd] == 1) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(queue, EPOLL_CTL_MOD, fd, &e);
        gone = error != 0;
        state[fd] = gone ? 1 : 2;
        shared->open += !gone;
        if (!gone && (then == 'a' || then == 'p' || then == 'c')) gone = send(fd, "ask\n", 4, 0) != 4;
        if (!gone && then == 'f') shutdown(fd, SHUT_WR);
        shared->failed += gone;
      } else {
        ssize_t n = read(fd, data, sizeof data);
        gone = (n < 0 && errno != EAGAIN && errno != EINTR) || n == 0 || then == 'c';
      }
      if (gone) {
        end(fd);
        open--;
      }
    }
    double t = now();
    if (t >= sweep) {
      sweep = t + 0.25;
      for (int fd = 0; fd <= highest; fd++) {
        if (state[fd] == 1 && t - asked[fd] > patience) {
          end(fd);
          open--;
          shared->failed++;
        } else if (state[fd] == 2 && every > 0 && t - asked[fd] > every) {
          asked[fd] = t;
          if (send(fd, "ask\n", 4, 0) < 0 && errno != EAGAIN) {
            end(fd);
            open--;
          }
        }
      }
    }
    if (t < next) continue;
    next = t + 1;
    if (worker == 0) printf("opened %ld wanted %ld open %ld failed %ld\n", shared->opened, shared->wanted, shared->open, shared->failed);
  }
}

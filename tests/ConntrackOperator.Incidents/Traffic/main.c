// traffic NETNS MODE key=value ...: servers, clients and floods for the incident suite, each inside a network namespace.
// traffic NETNS enter PROGRAM ...: runs a program there as on the machine itself (enter.c).
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char **options;
volatile int pings_wanted;
int worker, workers;
double wanted;
struct shared *shared;

// The suite may be killed: when its end of the pipe is gone, so is this. A line that comes is an order to use quiet connections.
static void *orders(void *none) {
  char data[64];
  while (read(0, data, sizeof data) > 0) pings_wanted = 1;
  _exit(0);
  return none;
}

void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

const char *option(const char *key, const char *fallback) {
  size_t length = strlen(key);
  for (char **o = options; *o; o++)
    if (!strncmp(*o, key, length) && (*o)[length] == '=') return *o + length + 1;
  return fallback;
}

double option_number(const char *key, double fallback) {
  const char *text = option(key, NULL);
  return text ? atof(text) : fallback;
}

struct sockaddr_in address(const char *text) {
  char copy[64];
  struct sockaddr_in a = {.sin_family = AF_INET};
  snprintf(copy, sizeof copy, "%s", text);
  char *colon = strchr(copy, ':');
  if (colon) {
    *colon = 0;
    a.sin_port = htons(atoi(colon + 1));
  }
  if (inet_pton(AF_INET, copy, &a.sin_addr) != 1) {
    fprintf(stderr, "no address: %s\n", text);
    exit(2);
  }
  return a;
}

long due(double rate) {
  static double last, left;
  double t = now();
  if (last == 0) last = t;
  left += (t - last) * rate;
  wanted += (t - last) * rate;
  last = t;
  if (left > rate / 5 + 1) left = rate / 5 + 1;
  long whole = (long)left;
  left -= whole;
  return whole;
}

int connect_from(struct in_addr from, struct sockaddr_in to) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = from};
  int one = 1;
  // The port is chosen with the destination known: as many connections from an address as there are ports, to each destination.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) || (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)) {
    close(fd);
    return -1;
  }
  return fd;
}

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "traffic NETNS serve|load|open|raw|enter ...\n");
    return 2;
  }
  const char *mode = arguments[2];
  options = arguments + 3;
  if (!strcmp(mode, "enter")) return enter(count, arguments);

  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", arguments[1]);
  int ns = open(path, O_RDONLY | O_CLOEXEC);
  if (ns < 0 || setns(ns, CLONE_NEWNET)) die(path);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) die("mmap");
  workers = strcmp(mode, "serve") && strcmp(mode, "open") ? 1 : WORKERS;
  for (int i = 1; i < workers && !worker; i++)
    if (fork() == 0) worker = i;
  srandom(getpid());
  if (!strcmp(mode, "age")) return age();
  pthread_t thread;
  if (pthread_create(&thread, NULL, orders, NULL)) die("pthread_create");
  if (!strcmp(mode, "serve")) return serve();
  if (!strcmp(mode, "load")) return load();
  if (!strcmp(mode, "open")) return open_connections();
  if (!strcmp(mode, "raw")) return raw_packets();
  fprintf(stderr, "no mode: %s\n", mode);
  return 2;
}

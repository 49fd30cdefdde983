// What the parts of the traffic program share. Times are seconds of CLOCK_REALTIME, so that the suite can tell them apart by its own clock.
#pragma once
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

// Set by a line on standard input.
extern volatile int pings_wanted;

// A process may have 20,000 files only: servers and clients with many connections are four processes, the first of which prints
// for all. Which one this is, and what they count together.
enum { WORKERS = 4, FILES = 65536 };
extern int worker, workers;
extern struct shared {
  _Atomic long opened, open, failed, ready, wanted;
} *shared;

double now(void);
void die(const char *what);

// key=value among the arguments, or the default; numbers by option_number.
const char *option(const char *key, const char *fallback);
double option_number(const char *key, double fallback);

// "10.0.0.1:80" or "10.0.0.1".
struct sockaddr_in address(const char *text);

// How many are due since the last call, at a rate a second: never more than a fifth of a second's worth at once. What it would have
// been on a machine that is always in time is counted in wanted.
long due(double rate);
extern double wanted;

// A TCP connection that is being made, non-blocking; -1 when none could be begun.
int connect_from(struct in_addr from, struct sockaddr_in to);

int serve(void);
int load(void);
int open_connections(void);
int raw_packets(void);
int age(void);
int enter(int count, char **arguments);

// Runs a program in a network namespace that stands for a machine: nf_conntrack_max and nf_conntrack_buckets, which only the
// initial namespace can write, are bound over the namespace's own read-only files, and the directory of the program's state
// (STATE, at STATE_AT) is one of its own. So commands run as they are printed.
#define _GNU_SOURCE
#include "traffic.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *keys[] = {"/proc/sys/net/netfilter/nf_conntrack_max", "/proc/sys/net/netfilter/nf_conntrack_buckets"};

int enter(int count, char **arguments) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", arguments[1]);
  int ns = open(path, O_RDONLY | O_CLOEXEC), files[2];
  if (count < 4 || ns < 0) die(path);
  if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("unshare");
  // Looked up before the namespace is entered: /proc/sys/net is that of whoever looks.
  for (int i = 0; i < 2; i++)
    if ((files[i] = open(keys[i], O_PATH | O_CLOEXEC)) < 0) die(keys[i]);
  if (setns(ns, CLONE_NEWNET)) die(path);
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", files[i]);
    if (mount(path, keys[i], NULL, MS_BIND, NULL)) die(keys[i]);
  }
  if (umount2("/sys", MNT_DETACH) == 0 && mount("sysfs", "/sys", "sysfs", 0, NULL)) die("/sys");
  const char *state = getenv("STATE"), *at = getenv("STATE_AT");
  if (state && at && mount(state, at, NULL, MS_BIND, NULL)) die(at);
  execvp(arguments[3], arguments + 3);
  die(arguments[3]);
  return 1;
}

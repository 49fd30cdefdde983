// The least that reading the conntrack table can cost: ask for a dump and receive it, looking at nothing but the lengths
// and types of the messages. Prints "ENTRIES SECONDS".
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	static _Alignas(8) unsigned char datagram[1 << 16];
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} request;
	long entries = 0;
	double start;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return fail("socket");

	memset(&request, 0, sizeof(request));
	request.header.nlmsg_len = sizeof(request);
	request.header.nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;

	start = now();
	if (send(fd, &request, sizeof(request), 0) != sizeof(request))
		return fail("send");

	while (1) {
		const struct nlmsghdr *message = (const void *)datagram;
		ssize_t left = recv(fd, datagram, sizeof(datagram), 0);

		if (left < 0)
			return fail("recv");

		while (NLMSG_OK(message, left)) {
			if (message->nlmsg_type == NLMSG_ERROR) {
				fprintf(stderr, "the kernel answered with an error\n");
				return 1;
			}

			if (message->nlmsg_type == NLMSG_DONE) {
				printf("%ld %.6f\n", entries, now() - start);
				return 0;
			}

			entries++;
			message = NLMSG_NEXT(message, left);
		}
	}
}

/* SPDX-License-Identifier: MIT */
/* l2tpha-lns-threads: an LNS that uses many cores behind one port. Each thread has a node with a
 * range of the tunnel ids, and a partner in a second process that takes over when this one dies. */
#include "common/options.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(OPTIONS_THREADS_MAX == PORT_NODES_MAX, "as many threads as the port has nodes");

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "l2tpha-lns-threads: %s: %s\n", what, why);
    return 2;
}

static int start(const struct setup *setup)
{
    struct worker *workers[PORT_NODES_MAX];
    const char *why;
    for (unsigned i = 0; i < setup->nodes; i++) {
        workers[i] = worker_new(setup, i, &why);
        if (workers[i] == NULL) {
            fprintf(stderr, "l2tpha-lns-threads: node %u: %s\n", i, why);
            return EXIT_FAILURE;
        }
    }
    for (unsigned i = 0; i < setup->nodes; i++)
        if (pthread_create(&workers[i]->thread, NULL, worker_run, workers[i]) != 0) {
            fprintf(stderr, "l2tpha-lns-threads: no thread for node %u\n", i);
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}

/* Whoever ends it leaves the tunnels to the standby: to the peers there is no difference. */
static void wait_for_signal(void)
{
    sigset_t signals;
    int number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigwait(&signals, &number);
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct setup setup;
    struct udp *udp = NULL;
    sigset_t signals;
    int status = options_start(PROGRAM_THREADS, argc, argv, &options);
    if (status >= 0)
        return status;
    setup.nodes = options.threads;
    setup.name = options.name;
    setup.ha = options.ha;
    setup.standby = options.standby;
    setup.echo = options.echo;
    signal(SIGPIPE, SIG_IGN);
    umask(077); /* whoever reaches the sockets between the processes could pose as one */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (!setup.standby) {
        udp = udp_open(NULL, &options.listen);
        if (udp == NULL) {
            (void)refuse("--listen", strerror(errno));
            return EXIT_FAILURE;
        }
    }
    setup.port = port_new(NULL, setup.nodes);
    if (udp != NULL)
        port_keep(setup.port, udp_fd(udp));
    status = start(&setup);
    if (status == EXIT_SUCCESS)
        wait_for_signal();
    _exit(status); /* threads and all */
}

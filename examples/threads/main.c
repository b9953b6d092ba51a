/* SPDX-License-Identifier: MIT */
/* l2tpha-lns-threads: an LNS that uses many cores behind one port. Each thread has a node with a
 * range of the tunnel ids, and a partner in a second process that takes over when this one dies. */
#include "pair/address.h"
#include "worker.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_PORT 1701

static const char usage[] =
    "usage: l2tpha-lns-threads --ha PATH [OPTION...]\n"
    "  --listen ADDR[:PORT]  UDP address (0.0.0.0:1701); the standby has the active's\n"
    "  --threads N           nodes, each with a thread of its own, 1 to 64 (2)\n"
    "  --ha PATH             the two processes meet at unix sockets PATH.0, PATH.1, ...\n"
    "  --standby             follow the process that serves, and take over when it dies\n"
    "  --echo                return data frames\n"
    "  --name NAME           Host Name told to peers (l2tpha-lns-threads)\n"
    "  -h, --help            this\n"
    "  -V, --version         version of the library\n";

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "l2tpha-lns-threads: %s: %s\n", what, why);
    return 2;
}

static bool take_count(const char *text, unsigned *nodes)
{
    char *end;
    unsigned long count = strtoul(text, &end, 10);
    *nodes = (unsigned)count;
    return *text != '\0' && *end == '\0' && count >= 1 && count <= PORT_NODES_MAX;
}

/* -1 = go on, else the exit status. */
static int take_options(int argc, char **argv, struct setup *setup, struct l2tpha_address *listen)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"ha", required_argument, NULL, 'a'},
                                            {"standby", no_argument, NULL, 's'},
                                            {"echo", no_argument, NULL, 'e'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *why = address_parse("0.0.0.0", DEFAULT_PORT, listen);
    int option;
    while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
        if (option == 'l' && (why = address_parse(optarg, DEFAULT_PORT, listen)) != NULL)
            return refuse("--listen", why);
        if (option == 't' && !take_count(optarg, &setup->nodes))
            return refuse("--threads", "a number from 1 to 64");
        if (option == 'a')
            setup->ha = optarg;
        else if (option == 'n')
            setup->name = optarg;
        setup->standby = setup->standby || option == 's';
        setup->echo = setup->echo || option == 'e';
        if (option == 'h')
            return printf("%s", usage) < 0;
        if (option == 'V')
            return printf("l2tpha-lns-threads %s\n", l2tpha_version()) < 0;
        if (option == '?')
            return 2;
    }
    if (optind < argc)
        return refuse(argv[optind], "unexpected argument");
    return setup->ha != NULL ? -1 : refuse("--ha", "is needed");
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
    static struct setup setup = {.nodes = 2, .name = "l2tpha-lns-threads"};
    struct l2tpha_address listen;
    struct udp *udp = NULL;
    sigset_t signals;
    int status = take_options(argc, argv, &setup, &listen);
    if (status >= 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    umask(077); /* whoever reaches the sockets between the processes could pose as one */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (!setup.standby) {
        udp = udp_open(NULL, &listen);
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

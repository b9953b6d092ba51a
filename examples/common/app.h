/* SPDX-License-Identifier: MIT */
/* What l2tpha-lac and l2tpha-lns share: one node, one UDP socket, one timer. Everything that
 * happens is a call into the node; after each turn of the event loop its outputs are drained and
 * the timer is set anew. */
#ifndef EXAMPLES_APP_H
#define EXAMPLES_APP_H

#include "cleared.h"
#include "log.h"
#include "options.h"
#include "report.h"
#include "settings.h"
#include "tell.h"
#include "traffic.h"
#include "udp.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/pair.h>
#include <tevent.h>

struct control;
struct kept;
struct pcapng;
struct reboot;

/* Who has not had a turn for so long was stopped: another may serve by now. */
#define APP_AWAY_US 100000

/* What a program adds. Hooks that are told something must not call entries of the node, except
 * where said; they have their turn in expire. */
struct app_program {
    enum program program;
    void (*serve)(struct app *app); /* the node is active from now on */
    void (*yield)(struct app *app); /* and now it is not any more */
    void (*event)(struct app *app, const struct l2tpha_event *event);
    void (*frame)(struct app *app, const struct l2tpha_frame *frame); /* may app_send_data() */
    uint64_t (*deadline)(struct app *app);
    void (*expire)(struct app *app, uint64_t now); /* may call the node; harmless when early */
    void (*stop)(struct app *app);        /* asked to leave: app_leave(), sooner or later */
    void (*active_left)(struct app *app); /* standby: the active has left in good order */
    int (*left)(struct app *app);         /* all is closed: the exit status */
};

struct app {
    const struct options *options;
    const struct app_program *program;
    void *state; /* the program's own */
    struct log log;
    struct settings settings;
    struct cleared cleared;
    struct tevent_context *ev;
    struct l2tpha_node *node; /* the pair's */
    struct udp *udp;          /* NULL on a standby that has not got one */
    struct kept *kept;        /* with the service manager */
    struct l2tpha_pair *pair;
    struct l2tpha_store *store;         /* NULL = none */
    struct l2tpha_authority *authority; /* likewise */
    struct reboot *reboot;              /* likewise */
    const struct l2tpha_serializer *serializer;
    uint32_t first_key; /* of --ha-key, which this node connects with; 0 = none */
    struct tevent_fd *pair_fde;
    struct control *control;
    struct pcapng *pcapng;
    bool capture_told;   /* that it misses something */
    uint64_t generation; /* changes with each new node */
    /* leaving */
    bool stopping;
    uint64_t leave_until; /* 0 = not leaving */
    bool left;            /* the pair was told */
    uint64_t owed_until;  /* all is closed: acknowledgements have left by then; 0 = it is not */
    bool quit;
    int status;
    /* figures */
    struct gap control_gap;
    uint64_t unsent;    /* datagrams that the system did not take */
    uint64_t queued_at; /* when the first of those was made that wait to be sent */
    uint64_t last_switchover_wall;
    uint64_t turn;     /* of the loop: when the last one began */
    uint64_t level_at; /* of --level auto: the next look */
    struct tevent_timer *timer;
    uint64_t timer_at;
};

/* The whole life of a program. Returns its exit status. */
int app_main(const struct app_program *program, int argc, char **argv, void *state);

/* A line for whoever started us, on stdout. */
#define app_tell tell

/* Who the peer of a tunnel is, as it may be shown. */
void app_describe_peer(const struct l2tpha_tunnel *tunnel, struct log_peer *peer);

/* What is wrong (NULL = nothing), with the option that it is about before it. */
const char *app_blame(struct app *app, const char *option, const char *value, const char *why);

/* Leave in good order, as upon a signal. */
void app_stop(struct app *app);

/* Close all tunnels; leave, with the status that the program's left() gives, once the peers have
 * acknowledged it or the node has given them up. */
void app_leave(struct app *app);

/* Leave now. */
void app_quit(struct app *app, int status);

#endif

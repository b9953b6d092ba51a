/* SPDX-License-Identifier: MIT */
/* The command line of all programs, by the table of option_rows.h. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include "pair/address.h"

#include <l2tpha/host.h>
#include <l2tpha/link.h>

enum program {
    PROGRAM_LAC = 1,
    PROGRAM_LNS = 2,
    PROGRAM_CTL = 4,
    PROGRAM_THREADS = 8,
    PROGRAM_KEEPER = 16,
    PROGRAM_DUMP = 32
};

#define OPTIONS_NAME_MAX 255
#define OPTIONS_HA_MAX 1023
#define OPTIONS_THREADS_MAX 64
#define OPTIONS_WHY_MAX 512
#define OPTIONS_OTHERS_MAX 400
#define OPTIONS_STORE_MAX 4095
#define OPTIONS_KEY_FILE_MAX 4095
#define OPTIONS_AUTHORITY_MAX 1023
#define OPTIONS_FILTER_MAX 300

struct options {
    enum program program;
    /* network */
    struct l2tpha_address listen;
    const char *listen_text; /* as given; NULL = not given */
    char name[OPTIONS_NAME_MAX + 1];
    char secret[L2TPHA_SECRET_MAX + 1];
    bool hide_avps;
    uint32_t hello_s;
    uint32_t retries;
    uint32_t window;
    /* redundancy */
    uint32_t failover; /* enum l2tpha_failover_method */
    bool no_sso;
    bool mute; /* announce no failover capability */
    uint32_t recovery_ms;
    uint32_t resync_packets;
    uint32_t max_half_open;
    uint32_t half_open_per_peer; /* 0 = no limit of its own */
    uint32_t commit;             /* enum l2tpha_commit */
    uint32_t serializer;
    uint32_t commit_timeout_ms;
    uint32_t role; /* enum role_option */
    bool takeover_manual;
    bool level_auto;
    uint32_t rank; /* L2TPHA_RANK_NONE: none was given */
    bool rank_given;
    char node_name[L2TPHA_NODE_NAME_MAX + 1]; /* empty = the machine's */
    uint32_t fresh_ms;
    uint32_t fence_hung_ms;                /* 0 = off */
    char on_hung[1024];                    /* a command; empty = none */
    char ha_key[OPTIONS_KEY_FILE_MAX + 1]; /* empty = none */
    bool insecure;
    struct endpoint ha_listen;
    bool observer;
    char ha_others[OPTIONS_OTHERS_MAX + 1], ha_far[OPTIONS_OTHERS_MAX + 1]; /* empty = none */
    struct endpoint ha_connect;        /* the first of them: they are all of one kind */
    bool ha_beyond;                    /* one of them is another machine */
    struct endpoint replace;           /* where starts meet; there is no other node then */
    char store[OPTIONS_STORE_MAX + 1]; /* empty = none */
    bool store_holds;
    bool store_mend;
    bool close_after_reboot;
    bool store_plain;
    bool store_exact;
    char store_secret[4096];                                     /* a file; empty = none */
    char store_key[OPTIONS_KEY_FILE_MAX + 1];                    /* likewise */
    char store_ca[4096], store_cert[4096], store_cert_key[4096]; /* likewise */
    uint32_t store_history_s;
#define HISTORY_S 600
    uint32_t store_replicas;
#define REPLICAS_UNSET UINT32_MAX
    char authority[OPTIONS_AUTHORITY_MAX + 1];                          /* empty = none */
    char authority_ca[4096], authority_cert[4096], authority_key[4096]; /* files; empty = none */
    uint32_t lease_ms;
    char on_lease_lost[1024]; /* a command; empty = none */
    /* watching */
    struct endpoint control;
    char pcapng[4096];
    uint32_t debug;
    bool log_json;
    uint32_t log; /* enum log_place */
    /* LAC */
    struct l2tpha_address connect;
    const char *connect_text;
    uint32_t tunnels;
    uint32_t sessions;
    uint32_t rate;
    uint32_t data_rate;
    uint32_t redial_s; /* 0 = never */
#define REDIAL_UNSET UINT32_MAX
    uint32_t duration_s; /* 0 = until told to stop */
    bool report_json;
    /* LNS */
    bool echo;
    /* l2tpha-lns-threads */
    uint32_t threads;
    char ha[OPTIONS_HA_MAX + 1];
    bool standby;
    /* l2tpha-keeper */
    uint32_t delay_ms;
    uint32_t delay_max_ms;
    /* l2tphactl */
    bool json;
    bool take_stale;
    /* l2tpha-dump */
    uint32_t dump_to;   /* enum dump_to */
    uint32_t dump_from; /* likewise; 0 = whatever it is */
    bool dump_state;
    bool dump_secrets;
    bool dump_verify;
    char dump_filter[OPTIONS_FILTER_MAX + 1]; /* empty = none */
    char dump_diff[OPTIONS_STORE_MAX + 1];    /* likewise */
    /* l2tphactl, l2tpha-keeper and l2tpha-dump */
    char **words; /* what is no option: views into argv */
    int word_count;
};

/* In the order of dump/cut.h. */
enum dump_to { DUMP_TEXT };

enum role_option { ROLE_ACTIVE, ROLE_STANDBY, ROLE_AUTO };

enum options_result {
    OPTIONS_RUN,
    OPTIONS_HELP,    /* print the help and leave with 0 */
    OPTIONS_VERSION, /* print the release and leave with 0 */
    OPTIONS_BAD      /* print why and leave with 2 */
};

/* Fill in the defaults and what argv says; the words of argv are reordered. Names in addresses are
 * looked up, which may take its time. */
enum options_result options_parse(enum program program, int argc, char **argv,
                                  struct options *options, char why[OPTIONS_WHY_MAX]);

/* What a program is called. */
const char *program_name(enum program program);

/* Parse, and print help or complaint. Returns the exit status, or -1 to go on. */
int options_start(enum program program, int argc, char **argv, struct options *options);

#endif

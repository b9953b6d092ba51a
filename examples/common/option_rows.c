/* SPDX-License-Identifier: MIT */
#include "option_rows.h"

#include <l2tpha/settings.h>
#include <string.h>

#define ENDPOINTS (PROGRAM_LAC | PROGRAM_LNS)
#define ALL_PROGRAMS (ENDPOINTS | PROGRAM_CTL | PROGRAM_THREADS | PROGRAM_KEEPER | PROGRAM_DUMP)
#define AT(field) .offset = offsetof(struct options, field)

/* clang-format off */
const struct option_row option_rows[] = {
    {"listen", PROGRAM_LNS | PROGRAM_THREADS, KIND_ADDRESS, "ADDR[:PORT]", AT(listen_text),
     .help = "UDP address (0.0.0.0:1701)"},
    {"listen", PROGRAM_LAC, KIND_ADDRESS, "ADDR[:PORT]", AT(listen_text),
     .help = "UDP address (0.0.0.0, any port)"},
    {"name", ENDPOINTS | PROGRAM_THREADS, KIND_TEXT, "NAME", AT(name), .max = OPTIONS_NAME_MAX,
     .help = "Host Name told to peers (the program's name)"},
    {"secret", ENDPOINTS, KIND_TEXT, "SECRET", AT(secret), .max = L2TPHA_SECRET_MAX,
     .help = "tunnel authentication; none without it"},
    {"hide-avps", ENDPOINTS, KIND_FLAG, NULL, AT(hide_avps),
     .help = "hide what may be hidden; needs --secret"},
    {"hello-interval", ENDPOINTS, KIND_NUMBER, "S", AT(hello_s), .setting = "hello_ms", .scale = 1000,
     .max = 86400,
     .help = "silence before a HELLO (@); 0 = none"},
    {"retries", ENDPOINTS, KIND_NUMBER, "N", AT(retries), .setting = "retries",
     .help = "retransmissions before a peer is given up, also by one that leaves (@)"},
    {"window", ENDPOINTS, KIND_NUMBER, "N", AT(window), .setting = "window",
     .max = 32767,
     .help = "receive window told to peers, messages (@)"},
    {"failover-resync", ENDPOINTS, KIND_WORD, "METHOD", AT(failover),
     .choices = "disable|failover-protocol|silent-failover|"
                "failover-protocol-fallback-to-silent-failover",
     .help = "how tunnels are recovered: failover-protocol, silent-failover, disable or\n"
             "failover-protocol-fallback-to-silent-failover (the last)"},
    {"no-sso", ENDPOINTS, KIND_FLAG, NULL, AT(no_sso),
     .help = "protect no tunnel, whatever its method; 'set sso on' does from then on"},
    {"no-failover-capability", ENDPOINTS, KIND_FLAG, NULL, AT(mute),
     .help = "do not announce RFC 4951 to peers"},
    {"recovery-time", ENDPOINTS, KIND_NUMBER, "MS", AT(recovery_ms), .setting = "recovery_ms",
     .help = "how long peers are asked to wait for a recovery (@)"},
    {"resync-packets", ENDPOINTS, KIND_NUMBER, "N", AT(resync_packets), .setting = "resync_packets",
     .help = "messages of a tunnel ahead of the standby; bounded and async (@)"},
    {"max-half-open", ENDPOINTS, KIND_NUMBER, "N", AT(max_half_open), .setting = "max_half_open",
     .max = L2TPHA_TUNNELS_MAX,
     .help = "tunnels asked for by peers and not completed; beyond it the oldest goes (@)"},
    {"half-open-per-peer", ENDPOINTS, KIND_NUMBER, "N", AT(half_open_per_peer), .setting = "max_half_open_per_source",
     .max = L2TPHA_TUNNELS_MAX,
     .help = "... from one address or IPv6 /64; 0 = no limit of its own (@)"},
    {"commit", ENDPOINTS, KIND_WORD, "MODE", AT(commit), .choices = "gated|bounded|async",
     .help = "when output may leave: gated, bounded or async (gated)"},
    {"serializer", ENDPOINTS, KIND_WORD, "NAME", AT(serializer), .choices = "proto|cbor|json",
     .help = "format of the checkpoints, the same at both nodes: proto, cbor or json (proto)"},
    {"commit-timeout", ENDPOINTS, KIND_NUMBER, "MS", AT(commit_timeout_ms), .setting = "commit_timeout_ms",
     .min = 10, .max = 60000,
     .help = "standby silent for so long: go on alone (@)"},
    {"role", ENDPOINTS, KIND_WORD, "ROLE", AT(role), .choices = "active|standby|auto",
     .help = "active, standby, or auto: follow who serves, else serve (active)"},
    {"takeover", ENDPOINTS, KIND_CHOICE, "HOW", AT(takeover_manual), .choices = "auto|manual",
     .help = "on losing the active: auto or manual (auto)"},
    {"level", ENDPOINTS, KIND_CHOICE, "HOW", AT(level_auto), .choices = "manual|auto",
     .help = "when what older releases cannot read is used: manual, by 'upgrade commit', or auto,\n"
             "as soon as all nodes are of this release and in sync (manual)"},
    {"ha-listen", ENDPOINTS, KIND_ENDPOINT, "URL", AT(ha_listen),
     .help = "unix:PATH or tcp:ADDR:PORT, where a standby connects"},
    {"ha-connect", ENDPOINTS, KIND_LIST, "URL", AT(ha_others), .max = OPTIONS_OTHERS_MAX,
     .help = "where the other node is, whichever role it has; over tcp up to five of them:\n"
             "tcp:ADDR:PORT,tcp:ADDR:PORT, each with an address and a rank of its own"},
    {"ha-far", ENDPOINTS, KIND_LIST, "URL", AT(ha_far), .max = OPTIONS_OTHERS_MAX,
     .help = "more of them, far ones: nothing waits for such a standby, and by itself its copy\n"
             "counts as stale"},
    {"replace", ENDPOINTS, KIND_ENDPOINT, "URL", AT(replace),
     .help = "unix:PATH, one process alone: replace the one that serves there, with all it has, or\n"
             "serve; and be replaced in turn. The same for each start"},
    {"observer", ENDPOINTS, KIND_FLAG, NULL, AT(observer),
     .help = "as a standby, be one that nothing waits for, wherever it stands at the others"},
    {"node-name", ENDPOINTS, KIND_TEXT, "NAME", AT(node_name), .max = L2TPHA_NODE_NAME_MAX,
     .help = "what the other nodes call this one in show (the name of the machine)"},
    {"rank", ENDPOINTS, KIND_NUMBER, "N", AT(rank), .setting = "rank",
     .help = "0 to 255, another one at the other node; wanted with tcp:"},
    {"fresh", ENDPOINTS, KIND_NUMBER, "MS", AT(fresh_ms), .setting = "fresh_ms",
     .max = 86400000,
     .help = "how long a standby cut off may still be recovered silently (@)"},
    {"ha-key", ENDPOINTS, KIND_TEXT, "FILE", AT(ha_key), .max = OPTIONS_KEY_FILE_MAX,
     .help = "seal the stream over tcp: with the keys of this file, its owner's alone; both\n"
             "nodes have the same"},
    {"ha-insecure", ENDPOINTS, KIND_FLAG, NULL, AT(insecure),
     .help = "use tcp: beyond loopback although without --ha-key nothing seals the stream"},
    {"store", ENDPOINTS, KIND_TEXT, "URL", AT(store), .max = OPTIONS_STORE_MAX,
     .help = "file:DIR, etcd://HOST:PORT,.../GROUP or redis://HOST:PORT/GROUP, where a node that\n"
             "serves keeps its state, and goes on from it when it is started again"},
    {"on-store-loss", ENDPOINTS, KIND_CHOICE, "HOW", AT(store_holds), .choices = "solo|hold",
     .help = "solo: go on without the store, which is marked as stale; hold: say nothing new\n"
             "until it is there again (solo)"},
    {"store-repair", ENDPOINTS, KIND_FLAG, NULL, AT(store_mend),
     .help = "of a damaged store take what is before the damage, as stale"},
    {"recover-after-reboot", ENDPOINTS, KIND_CHOICE, "HOW", AT(close_after_reboot), .choices = "yes|no",
     .help = "yes: go on from a store that was served before the machine was started again;\n"
             "no: close its tunnels, each with a StopCCN (yes)"},
    {"store-key", ENDPOINTS | PROGRAM_DUMP, KIND_TEXT, "FILE", AT(store_key), .max = OPTIONS_KEY_FILE_MAX,
     .help = "seal what is stored with the first key of this file, as of --ha-key; needed with\n"
             "etcd: and redis:"},
    {"store-plain", ENDPOINTS, KIND_FLAG, NULL, AT(store_plain),
     .help = "etcd: and redis: without --store-key: secrets of tunnels go to the server, and are\n"
             "kept there, in the clear; with --store-key: what is there may be unsealed still"},
    {"store-ca", ENDPOINTS | PROGRAM_DUMP, KIND_TEXT, "FILE", AT(store_ca), .max = 4095,
     .help = "etcd:, over TLS: certificates of who may sign the members' (with --store-cert the\n"
             "system's)"},
    {"store-cert", ENDPOINTS | PROGRAM_DUMP, KIND_TEXT, "FILE", AT(store_cert), .max = 4095,
     .help = "etcd:, over TLS: this node's certificate"},
    {"store-cert-key", ENDPOINTS | PROGRAM_DUMP, KIND_TEXT, "FILE", AT(store_cert_key), .max = 4095,
     .help = "etcd:, and its key"},
    {"store-history", ENDPOINTS, KIND_NUMBER, "S", AT(store_history_s), .max = 86400,
     .help = "etcd:, the cluster's history is compacted up to what is so many seconds old; 0 = it is\n"
             "left to etcd (600)"},
    {"store-secret", ENDPOINTS | PROGRAM_DUMP, KIND_TEXT, "FILE", AT(store_secret), .max = 4095,
     .help = "redis:, mode 0600: the server's password, and in a second line the user"},
    {"store-replicas", ENDPOINTS, KIND_NUMBER, "N", AT(store_replicas), .max = 16,
     .help = "redis:, replicas that must have what is confirmed (1, where the server has or had\n"
             "any)"},
    {"store-exact", ENDPOINTS, KIND_FLAG, NULL, AT(store_exact),
     .help = "redis:, a server that was started again, or another one in its place, has all that\n"
             "was confirmed; else what it has is stale"},
    {"authority", ENDPOINTS, KIND_TEXT, "URL", AT(authority), .max = OPTIONS_AUTHORITY_MAX,
     .help = "etcd://HOST:PORT,HOST:PORT,.../GROUP: who serves is decided there, by a lease; tcp:\n"
             "alone, and with --rank"},
    {"authority-ca", ENDPOINTS, KIND_TEXT, "FILE", AT(authority_ca), .max = 4095,
     .help = "over TLS: certificates of who may sign the members' (with --authority-cert the\n"
             "system's)"},
    {"authority-cert", ENDPOINTS, KIND_TEXT, "FILE", AT(authority_cert), .max = 4095,
     .help = "over TLS: this node's certificate"},
    {"authority-key", ENDPOINTS, KIND_TEXT, "FILE", AT(authority_key), .max = 4095,
     .help = "... and its key"},
    {"lease", ENDPOINTS, KIND_NUMBER, "MS", AT(lease_ms), .min = 2000, .max = 60000,
     .help = "with --authority: how long nobody else serves after a node that is silent (5000)"},
    {"on-lease-lost", ENDPOINTS, KIND_TEXT, "COMMAND", AT(on_lease_lost), .max = 1023,
     .help = "run this when the node is silent, since its lease may have ended"},
    {"fence-hung", ENDPOINTS, KIND_NUMBER, "MS", AT(fence_hung_ms), .max = 86400000,
     .help = "unix:, at the standby: end an active silent for so long (0 = never)"},
    {"on-hung", ENDPOINTS, KIND_TEXT, "COMMAND", AT(on_hung), .max = 1023,
     .help = "at the standby: run this when the active hangs"},
    {"control", ENDPOINTS, KIND_SOCKET, "PATH", AT(control), .help = "control socket for l2tphactl"},
    {"pcapng", ENDPOINTS, KIND_TEXT, "FILE", AT(pcapng), .max = 4095,
     .help = "write every datagram to this file"},
    {"debug", ENDPOINTS, KIND_CATEGORIES, "LIST", AT(debug),
     .help = "log any of cf,detail,error,event,fsm,resync,rf or all"},
    {"log-format", ENDPOINTS | PROGRAM_KEEPER, KIND_CHOICE, "FORMAT", AT(log_json), .choices = "text|json",
     .help = "text or json lines (text)"},
    {"log", ENDPOINTS, KIND_WORD, "WHERE", AT(log), .choices = "stderr|journal|syslog",
     .help = "stderr, journal or syslog (stderr)"},
    {"connect", PROGRAM_LAC, KIND_ADDRESS, "ADDR[:PORT]", AT(connect_text),
     .help = "the LNS; required"},
    {"tunnels", PROGRAM_LAC, KIND_NUMBER, "T", AT(tunnels), .min = 1,
     .max = L2TPHA_TUNNELS_MAX,
     .help = "tunnels to open (1)"},
    {"sessions", PROGRAM_LAC, KIND_NUMBER, "N", AT(sessions), .min = 0, .max = 65535,
     .help = "calls in each tunnel (1)"},
    {"rate", PROGRAM_LAC, KIND_NUMBER, "CALLS_PER_S", AT(rate), .min = 0, .max = 1000000,
     .help = "new calls per second (0 = as fast as allowed)"},
    {"data-rate", PROGRAM_LAC, KIND_NUMBER, "FRAMES_PER_S", AT(data_rate), .min = 0, .max = 100000,
     .help = "numbered data frames per second and call (0)"},
    {"redial", PROGRAM_LAC, KIND_NUMBER, "S", AT(redial_s), .min = 0, .max = 86400,
     .help = "dial again after S seconds, and ever later; 0 = never. Without it, after 5,\n"
             "but not what the LNS has refused for good"},
    {"duration", PROGRAM_LAC, KIND_NUMBER, "S", AT(duration_s), .min = 1, .max = 31536000,
     .help = "leave after S seconds; else on SIGTERM or SIGINT. A second signal ends it at once"},
    {"report", PROGRAM_LAC, KIND_CHOICE, "FORMAT", AT(report_json), .choices = "text|json",
     .help = "form of the report that ends the output (text)"},
    {"echo", PROGRAM_LNS | PROGRAM_THREADS, KIND_FLAG, NULL, AT(echo), .help = "return data frames"},
    {"threads", PROGRAM_THREADS, KIND_NUMBER, "N", AT(threads), .min = 1, .max = OPTIONS_THREADS_MAX,
     .help = "nodes, each with a thread of its own (2)"},
    {"ha", PROGRAM_THREADS, KIND_TEXT, "PATH", AT(ha), .max = OPTIONS_HA_MAX,
     .help = "the two processes meet at unix sockets PATH.0, PATH.1, ...; required"},
    {"standby", PROGRAM_THREADS, KIND_FLAG, NULL, AT(standby),
     .help = "follow the process that serves, and take over when it dies; --listen is the same"},
    {"delay", PROGRAM_KEEPER, KIND_NUMBER, "MS", AT(delay_ms), .min = 1, .max = 60000,
     .help = "pause before a start, when PROGRAM has died for the second time in a row\n"
             "within ten seconds of its start; then twice as long each time (100)"},
    {"delay-max", PROGRAM_KEEPER, KIND_NUMBER, "MS", AT(delay_max_ms), .min = 1, .max = 3600000,
     .help = "... at most (10000)"},
    {"stale", PROGRAM_CTL, KIND_FLAG, NULL, AT(take_stale),
     .help = "with takeover: also from a copy that may be behind"},
    {"json", PROGRAM_CTL, KIND_FLAG, NULL, AT(json), .help = "print JSON, not tables"},
    {"to", PROGRAM_DUMP, KIND_WORD, "FORMAT", AT(dump_to), .choices = "text|proto|cbor|json",
     .help = "text for people, or what can be read again: proto, each checkpoint behind its\n"
             "length; cbor, a sequence; json, lines (text)"},
    {"from", PROGRAM_DUMP, KIND_WORD, "FORMAT", AT(dump_from), .choices = "any|proto|cbor|json|link",
     .help = "what a file has in it: any, or one of proto, cbor, json and link, which is what\n"
             "one side of an unsealed replication link has said (any)"},
    {"state", PROGRAM_DUMP, KIND_FLAG, NULL, AT(dump_state),
     .help = "not the checkpoints, but what comes of them, as a copy in the order of ids"},
    {"filter", PROGRAM_DUMP, KIND_LIST, "LIST", AT(dump_filter), .max = OPTIONS_FILTER_MAX,
     .help = "only what is of tunnel=ID, session=ID or peer=NAME, or of several of them, parted\n"
             "by commas, at once; what is left is no whole copy"},
    {"secrets", PROGRAM_DUMP, KIND_FLAG, NULL, AT(dump_secrets),
     .help = "with secrets; without it they are hidden, and what is written cannot be loaded"},
    {"diff", PROGRAM_DUMP, KIND_TEXT, "SOURCE2", AT(dump_diff), .max = OPTIONS_STORE_MAX,
     .help = "compare the states that come of both: a line for each difference"},
    {"verify", PROGRAM_DUMP, KIND_FLAG, NULL, AT(dump_verify),
     .help = "have a standby take it, and tell the first fault"},
    {"help", ALL_PROGRAMS, KIND_HELP, NULL, .letter = 'h', .help = "print this and leave"},
    {"version", ALL_PROGRAMS, KIND_VERSION, NULL, .letter = 'V',
     .help = "print the release and leave"},
};
/* clang-format on */
#define ROWS (sizeof(option_rows) / sizeof(option_rows[0]))

_Static_assert(ROWS <= OPTION_ROWS_MAX, "getopt's table has too few places");
const size_t option_row_count = ROWS;

#define CATEGORIES "cf, detail, error, event, fsm, resync, rf or all"

static const struct command_row commands[] = {
    {"show l2tp [tunnels | sessions | counters | destination profile]",
     "what there is: all, or one kind of it"},
    {"show {l2tp | vpdn} redundancy [detail | all | id TUNNEL [SESSION] | detail id TUNNEL]",
     "the pair, and what of it a standby has"},
    {"show version | debugging", "the release; what is logged"},
    {"clear {l2tp | vpdn} redundancy counters", "counters of the pair begin at 0 again"},
    {"switchover", "hand over to the standby, at the active"},
    {"takeover [--stale]", "become active, at the standby"},
    {"standby", "step down and follow, at the active"},
    {"fence", "stop serving at once"},
    {"shutdown", "close all tunnels and leave"},
    {"reload-keys", "read --ha-key again; no stream is cut"},
    {"upgrade check", "whether a switchover to upgrade loses anything; status 1 and what, if so"},
    {"upgrade commit", "this release's level is in force, at the active; there is no way back"},
    {"debug CATEGORY on|off", CATEGORIES},
    {"debug {l2tp | vpdn} redundancy CATEGORY", "the same, on"},
    {"undebug [{l2tp | vpdn} redundancy] CATEGORY", "the same, off"},
    {"set failover-resync METHOD", "for tunnels that come up from now on"},
    {"set sso on|off", "whether they are protected"},
    {"set resync N", "their messages ahead of the standby, 1 to 255; bounded and async"},
    {NULL, NULL},
};

#define REDUNDANT                                                                                  \
    "It is one of a pair: the other one, told by --ha-listen and --ha-connect where they meet, "   \
    "follows by checkpoints, and takes over when this one dies, is restarted or hands over. "      \
    "Peers notice nothing but a pause."

static const struct program_row programs[] = {
    {PROGRAM_LAC, "l2tpha-lac", "L2TP access concentrator that survives its process",
     "--connect ADDR[:PORT] [OPTION...]", NULL,
     "Sets up tunnels with an LNS and calls in them, which it numbers and counts, and reports what "
     "came of them. " REDUNDANT,
     NULL, NULL},
    {PROGRAM_LNS, "l2tpha-lns", "L2TP network server that survives its process", "[OPTION...]",
     NULL, "Answers tunnels and calls of L2TP peers. " REDUNDANT, NULL, NULL},
    {PROGRAM_THREADS, "l2tpha-lns-threads", "L2TP network server on many cores",
     "--ha PATH [OPTION...]", NULL,
     "Answers tunnels and calls of L2TP peers, by many nodes behind one port, each with a thread "
     "of its own. A second process, started with --standby and the same number of threads, "
     "follows, and takes all of them over when the first one dies or is ended.",
     NULL, NULL},
    {PROGRAM_KEEPER, "l2tpha-keeper", "start a program again and keep its sockets meanwhile",
     "[OPTION...] -- PROGRAM [ARGUMENT...]",
     "PROGRAM, such as l2tpha-lns --store file:DIR, is started with these arguments.",
     "Keeps the sockets that PROGRAM gives it, as the descriptor store of systemd does, and starts "
     "PROGRAM again with them when it dies: datagrams wait meanwhile, and no peer is told that a "
     "port is closed. The program goes on from its store. SIGTERM, SIGINT and SIGHUP are "
     "passed on; upon SIGUSR2 PROGRAM is started once more, to replace itself (--replace). It ends "
     "with PROGRAM's status when that ends with status 0, after SIGTERM or "
     "SIGINT, or by itself before it has served for the first time.",
     NULL, NULL},
    {PROGRAM_CTL, "l2tphactl", "ask and steer an L2TP endpoint", "PATH COMMAND [--json]",
     "PATH is the control socket of l2tpha-lac or l2tpha-lns.",
     "Sends one command to the control socket of an endpoint, and prints its answer.", commands,
     NULL},
    {PROGRAM_DUMP, "l2tpha-dump", "look into a store or a dump of an L2TP endpoint",
     "SOURCE [OPTION...]",
     "SOURCE is file:DIR, redis://HOST:PORT/GROUP, etcd://H1,H2,H3/GROUP, a file, or - (standard "
     "input).",
     "Prints, converts, compares or verifies checkpoints: those of a store, which may be in use "
     "and "
     "is not changed; of a dump, whose format it finds out by itself; or of one direction of a "
     "replication link, its octets in a file.",
     NULL,
     "0 for success; 1 where --diff finds a difference, --verify a fault, or records of a "
     "newer release had to be left out; 2 for any trouble, a command line that makes no sense "
     "included."},
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

const struct program_row *program_row_at(size_t index)
{
    return index < PROGRAMS ? &programs[index] : NULL;
}

const struct program_row *program_row_of(enum program program)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (programs[i].program == program)
            return &programs[i];
    return &programs[0];
}

void option_range(const struct option_row *row, uint32_t *min, uint32_t *max, uint32_t *initial)
{
    const struct l2tpha_setting *setting = l2tpha_setting_find(row->setting);
    uint32_t scale = row->scale > 0 ? row->scale : 1;
    uint64_t least = setting->min / scale, most = setting->max / scale;
    *min = least > row->min ? (uint32_t)least : row->min;
    *max = row->max > 0 && row->max < most ? row->max : (uint32_t)most;
    *initial = (uint32_t)(setting->initial / scale);
}

void option_help_text(const struct option_row *row, char *text, size_t size)
{
    const char *at = strchr(row->help, '@');
    uint32_t min, max, initial;
    if (row->setting == NULL || at == NULL) {
        snprintf(text, size, "%s", row->help);
        return;
    }
    option_range(row, &min, &max, &initial);
    snprintf(text, size, "%.*s%u%s", (int)(at - row->help), row->help, initial, at + 1);
}

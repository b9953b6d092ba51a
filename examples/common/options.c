/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "log.h"

#include <getopt.h>
#include <l2tpha/failover.h>
#include <l2tpha/node.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS (PROGRAM_LAC | PROGRAM_LNS)
#define ALL_PROGRAMS (ENDPOINTS | PROGRAM_CTL)
#define DEFAULT_PORT 1701

enum option_kind {
    KIND_HELP,
    KIND_FLAG,       /* bool: set */
    KIND_NUMBER,     /* uint32_t within min..max */
    KIND_TEXT,       /* char[max + 1], not empty */
    KIND_ADDRESS,    /* struct l2tpha_address */
    KIND_ENDPOINT,   /* struct endpoint */
    KIND_SOCKET,     /* struct endpoint from a bare path */
    KIND_CATEGORIES, /* uint32_t mask */
    KIND_CHOICE,     /* bool: the second of two words */
    KIND_WORD,       /* uint32_t: which of the words, from 0 */
    KIND_ONLY,       /* nothing to set: of these words only one is available */
    KIND_MISSING     /* not available in this release */
};

struct option_row {
    const char *name;
    int programs;
    enum option_kind kind;
    const char *value; /* what --help calls it; NULL = none */
    size_t offset;
    uint32_t min, max;
    const char *choices; /* words separated by | */
    const char *only;
    const char *help;
};

#define AT(field) .offset = offsetof(struct options, field)

/* clang-format off */
static const struct option_row rows[] = {
    {"listen", ENDPOINTS, KIND_ADDRESS, "ADDR[:PORT]", AT(listen),
     .help = "UDP address (0.0.0.0:1701)"},
    {"name", ENDPOINTS, KIND_TEXT, "NAME", AT(name), .max = OPTIONS_NAME_MAX,
     .help = "Host Name told to peers (the program's name)"},
    {"secret", ENDPOINTS, KIND_TEXT, "SECRET", AT(secret), .max = L2TPHA_SECRET_MAX,
     .help = "tunnel authentication; none without it"},
    {"hide-avps", ENDPOINTS, KIND_FLAG, NULL, AT(hide_avps),
     .help = "hide what may be hidden; needs --secret"},
    {"hello-interval", ENDPOINTS, KIND_NUMBER, "S", AT(hello_s), .min = 0, .max = 86400,
     .help = "silence before a HELLO (60); 0 = none"},
    {"retries", ENDPOINTS, KIND_NUMBER, "N", AT(retries), .min = 1, .max = 100,
     .help = "retransmissions before a peer is given up, also by one that leaves (5)"},
    {"window", ENDPOINTS, KIND_NUMBER, "N", AT(window), .min = 1, .max = 32767,
     .help = "receive window told to peers, messages (128)"},
    {"failover-resync", ENDPOINTS, KIND_WORD, "METHOD", AT(failover),
     .choices = "disable|failover-protocol|silent-failover|"
                "failover-protocol-fallback-to-silent-failover",
     .help = "how tunnels are recovered: failover-protocol, silent-failover, disable or\n"
             "                               failover-protocol-fallback-to-silent-failover (the last)"},
    {"no-failover-capability", ENDPOINTS, KIND_FLAG, NULL, AT(mute),
     .help = "do not announce RFC 4951 to peers"},
    {"recovery-time", ENDPOINTS, KIND_NUMBER, "MS", AT(recovery_ms), .min = 0, .max = 3600000,
     .help = "how long peers are asked to wait for a recovery (60000)"},
    {"resync-packets", ENDPOINTS, KIND_NUMBER, "N", AT(resync_packets), .min = 1, .max = 255,
     .help = "messages of a tunnel ahead of the standby; bounded and async (8)"},
    {"max-half-open", ENDPOINTS, KIND_NUMBER, "N", AT(max_half_open), .min = 1,
     .max = L2TPHA_TUNNELS_MAX,
     .help = "tunnels asked for by peers and not completed; beyond it the oldest goes (4096)"},
    {"half-open-per-peer", ENDPOINTS, KIND_NUMBER, "N", AT(half_open_per_peer), .min = 0,
     .max = L2TPHA_TUNNELS_MAX,
     .help = "... from one address or IPv6 /64; 0 = no limit of its own (512)"},
    {"commit", ENDPOINTS, KIND_WORD, "MODE", AT(commit), .choices = "gated|bounded|async",
     .help = "when output may leave: gated, bounded or async (gated)"},
    {"serializer", ENDPOINTS, KIND_ONLY, "NAME", .choices = "proto|cbor|json", .only = "proto",
     .help = "format of the checkpoints (proto)"},
    {"role", ENDPOINTS, KIND_CHOICE, "ROLE", AT(standby), .choices = "active|standby",
     .help = "active or standby (active)"},
    {"takeover", ENDPOINTS, KIND_CHOICE, "HOW", AT(takeover_manual), .choices = "auto|manual",
     .help = "on losing the active: auto or manual (auto)"},
    {"ha-listen", ENDPOINTS, KIND_ENDPOINT, "URL", AT(ha_listen),
     .help = "unix:PATH or tcp:ADDR:PORT, where a standby connects"},
    {"ha-connect", ENDPOINTS, KIND_ENDPOINT, "URL", AT(ha_connect),
     .help = "where the active is; used while this node is a standby"},
    {"control", ENDPOINTS, KIND_SOCKET, "PATH", AT(control), .help = "control socket for l2tphactl"},
    {"pcapng", ENDPOINTS, KIND_TEXT, "FILE", AT(pcapng), .max = 4095,
     .help = "write every datagram to this file"},
    {"debug", ENDPOINTS, KIND_CATEGORIES, "LIST", AT(debug),
     .help = "log any of cf,detail,error,event,fsm,resync,rf or all"},
    {"log-format", ENDPOINTS, KIND_CHOICE, "FORMAT", AT(log_json), .choices = "text|json",
     .help = "text or json lines on stderr (text)"},
    {"connect", PROGRAM_LAC, KIND_ADDRESS, "ADDR[:PORT]", AT(connect),
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
    {"duration", PROGRAM_LAC, KIND_NUMBER, "S", AT(duration_s), .min = 1, .max = 31536000,
     .help = "leave after S seconds; else on SIGTERM or SIGINT. A second signal ends it at once"},
    {"report", PROGRAM_LAC, KIND_CHOICE, "FORMAT", AT(report_json), .choices = "text|json",
     .help = "form of the report that ends the output (text)"},
    {"echo", PROGRAM_LNS, KIND_FLAG, NULL, AT(echo), .help = "return data frames"},
    {"json", PROGRAM_CTL, KIND_FLAG, NULL, AT(json), .help = "print JSON, not tables"},
    {"help", ALL_PROGRAMS, KIND_HELP, NULL, .help = "print this and leave"},
    {"ha-key", ENDPOINTS, KIND_MISSING, "FILE", .help = NULL},
    {"store", ENDPOINTS, KIND_MISSING, "URL", .help = NULL},
    {"metrics", ENDPOINTS, KIND_MISSING, "ADDR:PORT", .help = NULL},
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
    enum program program;
    const char *name;
    const char *usage;
} programs[] = {
    {PROGRAM_LAC, "l2tpha-lac", "usage: l2tpha-lac --connect ADDR[:PORT] [OPTION...]"},
    {PROGRAM_LNS, "l2tpha-lns", "usage: l2tpha-lns [OPTION...]"},
    {PROGRAM_CTL, "l2tphactl",
     "usage: l2tphactl PATH COMMAND [--json]\n"
     "PATH is the control socket of l2tpha-lac or l2tpha-lns. Commands:\n"
     "  show l2tp tunnels | sessions | counters\n"
     "  show l2tp redundancy [detail | all | id TUNNEL [SESSION]]\n"
     "  switchover             hand over to the standby, at the active\n"
     "  takeover               become active, at the standby\n"
     "  debug CATEGORY on|off  cf, detail, error, event, fsm, resync, rf or all"},
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static size_t program_index(enum program program)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (programs[i].program == program)
            return i;
    return 0;
}

/* All complaints end here, so that each is one sentence. */
static enum options_result bad(char why[OPTIONS_WHY_MAX], const char *format, ...)
    L2TPHA_PRINTF(2, 3);

static enum options_result bad(char why[OPTIONS_WHY_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, OPTIONS_WHY_MAX, format, arguments);
    va_end(arguments);
    return OPTIONS_BAD;
}

/* Which of the choices it is, from 0; -1 if none. */
static int choice_index(const char *choices, const char *word)
{
    size_t len = strlen(word);
    for (int index = 0; len > 0; index++) {
        size_t next = strcspn(choices, "|");
        if (next == len && memcmp(choices, word, len) == 0)
            return index;
        if (choices[next] == '\0')
            break;
        choices += next + 1;
    }
    return -1;
}

static enum options_result set_number(const struct option_row *row, const char *text, void *field,
                                      char *why)
{
    uint64_t value = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && value <= row->max; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    if (digit == text || *digit != '\0' || value < row->min || value > row->max)
        return bad(why, "--%s: '%s' is not a number from %u to %u", row->name, text, row->min,
                   row->max);
    *(uint32_t *)field = (uint32_t)value;
    return OPTIONS_RUN;
}

static enum options_result set_text(const struct option_row *row, const char *text, void *field,
                                    char *why)
{
    size_t len = strlen(text);
    if (len == 0)
        return bad(why, "--%s: the value is empty", row->name);
    if (len > row->max)
        return bad(why, "--%s: the value is longer than %u bytes", row->name, row->max);
    memcpy(field, text, len + 1);
    return OPTIONS_RUN;
}

static enum options_result set_choice(const struct option_row *row, const char *text, void *field,
                                      char *why)
{
    int index = choice_index(row->choices, text);
    if (index < 0)
        return bad(why, "--%s: '%s' is none of %s", row->name, text, row->choices);
    if (row->kind == KIND_CHOICE)
        *(bool *)field = index > 0;
    else if (row->kind == KIND_WORD)
        *(uint32_t *)field = (uint32_t)index;
    else if (strcmp(text, row->only) != 0)
        return bad(why, "--%s %s is not available in this release (only %s is)", row->name, text,
                   row->only);
    return OPTIONS_RUN;
}

static enum options_result set_address(const struct option_row *row, const char *text, void *field,
                                       char *why)
{
    const char *problem;
    if (row->kind == KIND_ADDRESS)
        problem = address_parse(text, DEFAULT_PORT, field);
    else if (row->kind == KIND_SOCKET)
        problem = endpoint_unix(text, field);
    else
        problem = endpoint_parse(text, field);
    return problem == NULL ? OPTIONS_RUN : bad(why, "--%s: '%s': %s", row->name, text, problem);
}

static enum options_result set_categories(const struct option_row *row, const char *text,
                                          void *field, char *why)
{
    uint32_t mask = log_categories_parse(text);
    if (mask == 0)
        return bad(why, "--%s: '%s' is no list of cf,detail,error,event,fsm,resync,rf", row->name,
                   text);
    *(uint32_t *)field |= mask;
    return OPTIONS_RUN;
}

static enum options_result set(const struct option_row *row, const char *text,
                               struct options *options, char *why)
{
    void *field = (char *)options + row->offset;
    switch (row->kind) {
    case KIND_HELP:
        return OPTIONS_HELP;
    case KIND_FLAG:
        *(bool *)field = true;
        return OPTIONS_RUN;
    case KIND_NUMBER:
        return set_number(row, text, field, why);
    case KIND_TEXT:
        return set_text(row, text, field, why);
    case KIND_ADDRESS:
    case KIND_ENDPOINT:
    case KIND_SOCKET:
        return set_address(row, text, field, why);
    case KIND_CATEGORIES:
        return set_categories(row, text, field, why);
    case KIND_CHOICE:
    case KIND_WORD:
    case KIND_ONLY:
        return set_choice(row, text, field, why);
    case KIND_MISSING:
        break;
    }
    return bad(why, "--%s is not available in this release", row->name);
}

static void set_defaults(enum program program, struct options *options)
{
    memset(options, 0, sizeof(*options));
    options->program = program;
    address_parse("0.0.0.0", DEFAULT_PORT, &options->listen);
    strcpy(options->name, programs[program_index(program)].name);
    options->hello_s = 60;
    options->retries = 5;
    options->window = 128;
    options->failover = L2TPHA_FAILOVER_FALLBACK;
    options->recovery_ms = 60000;
    options->resync_packets = 8;
    options->max_half_open = 4096;
    options->half_open_per_peer = 512;
    options->tunnels = 1;
    options->sessions = 1;
}

/* A LAC that calls an IPv6 address listens on IPv6 unless it was told where. */
static enum options_result check_lac(struct options *options, char *why)
{
    if (options->connect.len == 0)
        return bad(why, "--connect is required: the address of the LNS");
    if (!options->listen_given && address_family(&options->connect) == AF_INET6)
        address_parse("::", DEFAULT_PORT, &options->listen);
    if (address_family(&options->connect) != address_family(&options->listen))
        return bad(why, "--connect and --listen must both be IPv4 or both IPv6");
    return OPTIONS_RUN;
}

/* What single options cannot know. */
static enum options_result check_together(struct options *options, char *why)
{
    if (options->program == PROGRAM_CTL)
        return OPTIONS_RUN;
    if (options->word_count > 0)
        return bad(why, "unexpected argument '%s'", options->words[0]);
    if (options->hide_avps && options->secret[0] == '\0')
        return bad(why, "--hide-avps needs --secret");
    if (options->standby && options->ha_connect.kind == ENDPOINT_NONE)
        return bad(why, "--role standby needs --ha-connect");
    if (options->ha_connect.kind == ENDPOINT_TCP && !options->takeover_manual)
        return bad(why, "--takeover auto over tcp: a lost connection proves nothing there, so it "
                        "needs a lease, which is not available in this release; use --takeover "
                        "manual, or unix:");
    return options->program == PROGRAM_LAC ? check_lac(options, why) : OPTIONS_RUN;
}

static size_t make_getopt(enum program program, struct option *list)
{
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].programs & (int)program)
            list[count++] = (struct option){
                .name = rows[i].name, .has_arg = rows[i].value != NULL, .val = 256 + (int)i};
    list[count] = (struct option){0};
    return count;
}

enum options_result options_parse(enum program program, int argc, char **argv,
                                  struct options *options, char why[OPTIONS_WHY_MAX])
{
    struct option list[ROWS + 1];
    int found;
    set_defaults(program, options);
    make_getopt(program, list);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (found == ':')
            return bad(why, "%s needs a value", argv[optind - 1]);
        if (found == '?')
            return bad(why, "unknown option or a value too many: %s", argv[optind - 1]);
        const struct option_row *row = &rows[found - 256];
        enum options_result result = set(row, optarg, options, why);
        if (result != OPTIONS_RUN)
            return result;
        if (row->offset == offsetof(struct options, listen) && row->kind == KIND_ADDRESS)
            options->listen_given = true;
    }
    options->words = argv + optind;
    options->word_count = argc - optind;
    return check_together(options, why);
}

void options_help(enum program program, FILE *out)
{
    char left[64];
    const char *separator = " ";
    fprintf(out, "%s\n", programs[program_index(program)].usage);
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row *row = &rows[i];
        if (!(row->programs & (int)program) || row->kind == KIND_MISSING)
            continue;
        snprintf(left, sizeof(left), "--%s %s", row->name, row->value != NULL ? row->value : "");
        fprintf(out, "  %-28s %s\n", left, row->help);
    }
    if (program == PROGRAM_CTL)
        return;
    fprintf(out, "Not available in this release:");
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == KIND_MISSING) {
            fprintf(out, "%s--%s", separator, rows[i].name);
            separator = ", ";
        }
    fprintf(out, ".\n");
}

int options_start(enum program program, int argc, char **argv, struct options *options)
{
    char why[OPTIONS_WHY_MAX];
    switch (options_parse(program, argc, argv, options, why)) {
    case OPTIONS_RUN:
        return -1;
    case OPTIONS_HELP:
        options_help(program, stdout);
        return EXIT_SUCCESS;
    default:
        fprintf(stderr, "%s: %s. Try --help.\n", programs[program_index(program)].name, why);
        return 2;
    }
}

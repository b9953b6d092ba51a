/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "log.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <l2tpha/failover.h>
#include <l2tpha/node.h>
#include <l2tpha/settings.h>
#include <l2tpha/version.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS (PROGRAM_LAC | PROGRAM_LNS)
#define ALL_PROGRAMS (ENDPOINTS | PROGRAM_CTL)
#define DEFAULT_PORT 1701
#define FIRST_ROW 256 /* above all letters */

enum option_kind {
    KIND_HELP,
    KIND_VERSION,
    KIND_FLAG,       /* bool: set */
    KIND_NUMBER,     /* uint32_t within min..max */
    KIND_TEXT,       /* char[max + 1], not empty */
    KIND_ADDRESS,    /* const char *: looked up at the end */
    KIND_ENDPOINT,   /* struct endpoint */
    KIND_SOCKET,     /* struct endpoint from a bare path */
    KIND_CATEGORIES, /* uint32_t mask */
    KIND_CHOICE,     /* bool: the second of two words */
    KIND_WORD        /* uint32_t: which of the words, from 0 */
};

struct option_row {
    const char *name;
    int programs;
    enum option_kind kind;
    const char *value; /* what --help calls it; NULL = none */
    size_t offset;
    uint32_t min, max;
    const char *choices; /* words separated by | */
    char letter;         /* the same in short; 0 = none */
    const char *setting; /* of the library: range and default are its; NULL = none */
    uint32_t scale;      /* so many of its units are one of this option's; 0 = one */
    const char *help;    /* with @ for the default of the setting */
};

#define AT(field) .offset = offsetof(struct options, field)

/* clang-format off */
static const struct option_row rows[] = {
    {"listen", PROGRAM_LNS, KIND_ADDRESS, "ADDR[:PORT]", AT(listen_text),
     .help = "UDP address (0.0.0.0:1701)"},
    {"listen", PROGRAM_LAC, KIND_ADDRESS, "ADDR[:PORT]", AT(listen_text),
     .help = "UDP address (0.0.0.0, any port)"},
    {"name", ENDPOINTS, KIND_TEXT, "NAME", AT(name), .max = OPTIONS_NAME_MAX,
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
             "                               failover-protocol-fallback-to-silent-failover (the last)"},
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
    {"serializer", ENDPOINTS, KIND_WORD, "NAME", AT(serializer), .choices = "proto",
     .help = "format of the checkpoints (proto)"},
    {"commit-timeout", ENDPOINTS, KIND_NUMBER, "MS", AT(commit_timeout_ms), .setting = "commit_timeout_ms",
     .min = 10, .max = 60000,
     .help = "standby silent for so long: go on alone (@)"},
    {"role", ENDPOINTS, KIND_WORD, "ROLE", AT(role), .choices = "active|standby|auto",
     .help = "active, standby, or auto: follow who serves, else serve (active)"},
    {"takeover", ENDPOINTS, KIND_CHOICE, "HOW", AT(takeover_manual), .choices = "auto|manual",
     .help = "on losing the active: auto or manual (auto)"},
    {"ha-listen", ENDPOINTS, KIND_ENDPOINT, "URL", AT(ha_listen),
     .help = "unix:PATH or tcp:ADDR:PORT, where a standby connects"},
    {"ha-connect", ENDPOINTS, KIND_ENDPOINT, "URL", AT(ha_connect),
     .help = "where the other node is, whichever role it has"},
    {"rank", ENDPOINTS, KIND_NUMBER, "N", AT(rank), .setting = "rank",
     .help = "0 to 255, another one at the other node; wanted with tcp:"},
    {"fresh", ENDPOINTS, KIND_NUMBER, "MS", AT(fresh_ms), .setting = "fresh_ms",
     .max = 86400000,
     .help = "how long a standby cut off may still be recovered silently (@)"},
    {"ha-insecure", ENDPOINTS, KIND_FLAG, NULL, AT(insecure),
     .help = "listen on tcp: beyond loopback although nothing seals the stream"},
    {"fence-hung", ENDPOINTS, KIND_NUMBER, "MS", AT(fence_hung_ms), .max = 86400000,
     .help = "unix:, at the standby: end an active silent for so long (0 = never)"},
    {"on-hung", ENDPOINTS, KIND_TEXT, "COMMAND", AT(on_hung), .max = 1023,
     .help = "at the standby: run this when the active hangs"},
    {"control", ENDPOINTS, KIND_SOCKET, "PATH", AT(control), .help = "control socket for l2tphactl"},
    {"pcapng", ENDPOINTS, KIND_TEXT, "FILE", AT(pcapng), .max = 4095,
     .help = "write every datagram to this file"},
    {"debug", ENDPOINTS, KIND_CATEGORIES, "LIST", AT(debug),
     .help = "log any of cf,detail,error,event,fsm,resync,rf or all"},
    {"log-format", ENDPOINTS, KIND_CHOICE, "FORMAT", AT(log_json), .choices = "text|json",
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
             "                               but not what the LNS has refused for good"},
    {"duration", PROGRAM_LAC, KIND_NUMBER, "S", AT(duration_s), .min = 1, .max = 31536000,
     .help = "leave after S seconds; else on SIGTERM or SIGINT. A second signal ends it at once"},
    {"report", PROGRAM_LAC, KIND_CHOICE, "FORMAT", AT(report_json), .choices = "text|json",
     .help = "form of the report that ends the output (text)"},
    {"echo", PROGRAM_LNS, KIND_FLAG, NULL, AT(echo), .help = "return data frames"},
    {"stale", PROGRAM_CTL, KIND_FLAG, NULL, AT(take_stale),
     .help = "with takeover: also from a copy that may be behind"},
    {"json", PROGRAM_CTL, KIND_FLAG, NULL, AT(json), .help = "print JSON, not tables"},
    {"help", ALL_PROGRAMS, KIND_HELP, NULL, .letter = 'h', .help = "print this and leave"},
    {"version", ALL_PROGRAMS, KIND_VERSION, NULL, .letter = 'V',
     .help = "print the release and leave"},
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
     "  show l2tp [tunnels | sessions | counters | destination profile]\n"
     "  show {l2tp | vpdn} redundancy [detail | all | id TUNNEL [SESSION] | detail id TUNNEL]\n"
     "  show version | debugging\n"
     "  clear {l2tp | vpdn} redundancy counters\n"
     "  switchover             hand over to the standby, at the active\n"
     "  takeover [--stale]     become active, at the standby\n"
     "  standby                step down and follow, at the active\n"
     "  fence                  stop serving at once\n"
     "  shutdown               close all tunnels and leave\n"
     "  debug CATEGORY on|off  cf, detail, error, event, fsm, resync, rf or all; also\n"
     "                         debug {l2tp | vpdn} redundancy CATEGORY, and undebug\n"
     "  set failover-resync METHOD  for tunnels that come up from now on\n"
     "  set sso on|off         whether they are protected\n"
     "  set resync N           their messages ahead of the standby, 1 to 255; bounded and async"},
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static size_t program_index(enum program program)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (programs[i].program == program)
            return i;
    return 0;
}

const char *program_name(enum program program)
{
    return programs[program_index(program)].name;
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

/* In units of the option. Its own range is within that of the setting, where both have one. */
static void range_of(const struct option_row *row, uint32_t *min, uint32_t *max, uint32_t *initial)
{
    const struct l2tpha_setting *setting = l2tpha_setting_find(row->setting);
    uint32_t scale = row->scale > 0 ? row->scale : 1;
    uint64_t least = setting->min / scale, most = setting->max / scale;
    *min = least > row->min ? (uint32_t)least : row->min;
    *max = row->max > 0 && row->max < most ? row->max : (uint32_t)most;
    *initial = (uint32_t)(setting->initial / scale);
}

static enum options_result set_number(const struct option_row *row, const char *text, void *field,
                                      char *why)
{
    uint64_t value = 0;
    const char *digit = text;
    uint32_t min = row->min, max = row->max, initial;
    if (row->setting != NULL)
        range_of(row, &min, &max, &initial);
    for (; *digit >= '0' && *digit <= '9' && value <= max; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    if (digit == text || *digit != '\0' || value < min || value > max)
        return bad(why, "--%s: '%s' is not a number from %u to %u", row->name, text, min, max);
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
    else
        *(uint32_t *)field = (uint32_t)index;
    return OPTIONS_RUN;
}

static enum options_result set_endpoint(const struct option_row *row, const char *text, void *field,
                                        char *why)
{
    const struct endpoint *before = field;
    if (before->kind != ENDPOINT_NONE)
        return bad(why, "--%s is given twice: there is one in this release", row->name);
    const char *problem =
        row->kind == KIND_SOCKET ? endpoint_unix(text, field) : endpoint_parse(text, field);
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
    case KIND_VERSION:
        return OPTIONS_VERSION;
    case KIND_FLAG:
        *(bool *)field = true;
        return OPTIONS_RUN;
    case KIND_NUMBER:
        return set_number(row, text, field, why);
    case KIND_TEXT:
        return set_text(row, text, field, why);
    case KIND_ADDRESS:
        *(const char **)field = text;
        return OPTIONS_RUN;
    case KIND_ENDPOINT:
    case KIND_SOCKET:
        return set_endpoint(row, text, field, why);
    case KIND_CATEGORIES:
        return set_categories(row, text, field, why);
    case KIND_CHOICE:
    case KIND_WORD:
        return set_choice(row, text, field, why);
    }
    return bad(why, "--%s: cannot be set", row->name);
}

static void set_defaults(enum program program, struct options *options)
{
    memset(options, 0, sizeof(*options));
    options->program = program;
    uint32_t min, max;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].setting != NULL)
            range_of(&rows[i], &min, &max, (void *)((char *)options + rows[i].offset));
    strcpy(options->name, programs[program_index(program)].name);
    options->failover = L2TPHA_FAILOVER_FALLBACK;
    options->tunnels = 1;
    options->sessions = 1;
    options->redial_s = REDIAL_UNSET;
}

static int family_of(const char *text)
{
    struct l2tpha_address address = {0};
    return text != NULL && address_parse(text, 0, &address) == NULL ? address_family(&address)
                                                                    : AF_UNSPEC;
}

static enum options_result resolve(const char *name, const char *text, uint16_t port, int family,
                                   struct l2tpha_address *address, char *why)
{
    const char *problem = address_resolve(text, port, family, address);
    return problem == NULL ? OPTIONS_RUN : bad(why, "--%s: '%s': %s", name, text, problem);
}

/* What somebody can be called at. */
static enum options_result check_callee(const struct options *options, char *why)
{
    if (address_port(&options->connect) == 0)
        return bad(why, "--connect: '%s': nobody listens on port 0", options->connect_text);
    if (!address_is_one_host(&options->connect))
        return bad(why, "--connect: '%s' is not the address of one host", options->connect_text);
    return OPTIONS_RUN;
}

/* Of a name that has addresses of both families, one that goes with the other end is taken. A LAC
 * that calls an IPv6 address listens on IPv6 unless it was told where. */
static enum options_result find_addresses(struct options *options, char *why)
{
    bool is_lac = options->program == PROGRAM_LAC;
    uint16_t port = is_lac ? 0 : DEFAULT_PORT; /* whom it calls answers to wherever it calls from */
    const char *listen = options->listen_text, *connect = options->connect_text;
    if (is_lac && connect == NULL)
        return bad(why, "--connect is required: the address of the LNS");
    if (listen != NULL &&
        resolve("listen", listen, port, family_of(connect), &options->listen, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (is_lac && resolve("connect", connect, DEFAULT_PORT,
                          listen != NULL ? address_family(&options->listen) : AF_UNSPEC,
                          &options->connect, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    bool is_ipv6 = is_lac && address_family(&options->connect) == AF_INET6;
    if (listen == NULL)
        address_parse(is_ipv6 ? "::" : "0.0.0.0", port, &options->listen);
    if (is_lac && address_family(&options->connect) != address_family(&options->listen))
        return bad(why, "--connect and --listen must both be IPv4 or both IPv6");
    return is_lac ? check_callee(options, why) : OPTIONS_RUN;
}

/* Over tcp the standby binds the port itself: it must be known, and be the same. */
static bool wants_known_port(const struct options *options)
{
    return (options->ha_listen.kind == ENDPOINT_TCP || options->ha_connect.kind == ENDPOINT_TCP) &&
           address_port(&options->listen) == 0;
}

static enum options_result check_redundancy(struct options *options, char *why)
{
    bool tcp = options->ha_connect.kind == ENDPOINT_TCP;
    options->rank_given = options->rank != L2TPHA_RANK_NONE;
    if (options->role != ROLE_ACTIVE && options->ha_connect.kind == ENDPOINT_NONE)
        return bad(why, "--role %s needs --ha-connect",
                   options->role == ROLE_AUTO ? "auto" : "standby");
    if (options->role == ROLE_AUTO && options->ha_listen.kind == ENDPOINT_NONE)
        return bad(why, "--role auto needs --ha-listen: the other may have to follow");
    if (tcp && !options->takeover_manual)
        return bad(why, "--takeover auto over tcp: a lost connection proves nothing there, so it "
                        "needs a lease, which is not available in this release; use --takeover "
                        "manual, or unix:");
    if (tcp && options->role == ROLE_AUTO && !options->rank_given)
        return bad(why, "--role auto over tcp needs --rank, another one at each node");
    if ((options->fence_hung_ms > 0 || options->on_hung[0] != '\0') &&
        options->ha_connect.kind == ENDPOINT_NONE)
        return bad(why, "--%s needs --ha-connect: it is about the other node",
                   options->fence_hung_ms > 0 ? "fence-hung" : "on-hung");
    if (options->fence_hung_ms > 0 && options->fence_hung_ms < 100)
        return bad(why, "--fence-hung: less than 100 ms is no silence");
    if (options->fence_hung_ms > 0 && tcp)
        return bad(why, "--fence-hung is for unix:, where the process can be ended; over tcp use "
                        "--on-hung");
    if (endpoint_is_beyond_loopback(&options->ha_listen) && !options->insecure)
        return bad(why, "--ha-listen: nothing seals the stream in this release, so whoever reaches "
                        "that address can read all secrets, change state and end this node's "
                        "epoch; say --ha-insecure if only the other node reaches it");
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
    if (check_redundancy(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (find_addresses(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (wants_known_port(options))
        return bad(why,
                   "--listen needs a port with tcp: the one who takes over must have the same");
    return OPTIONS_RUN;
}

/* What getopt is told: all long options, and after a colon that keeps it silent all letters. */
static void make_getopt(enum program program, struct option *list, char *letters)
{
    *letters++ = ':';
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].programs & (int)program))
            continue;
        *list++ = (struct option){
            .name = rows[i].name, .has_arg = rows[i].value != NULL, .val = FIRST_ROW + (int)i};
        if (rows[i].letter != 0)
            *letters++ = rows[i].letter;
    }
    *list = (struct option){0};
    *letters = '\0';
}

static const struct option_row *row_of(int found)
{
    for (size_t i = 0; i < ROWS && found < FIRST_ROW; i++)
        if (rows[i].letter == found)
            return &rows[i];
    return &rows[found - FIRST_ROW];
}

/* getopt takes the beginning of a name for the name. A command line that does so breaks as soon as
 * another option begins alike. */
static bool is_whole(const struct option_row *row, const char *word)
{
    size_t len = strlen(row->name);
    if (word[0] != '-' || word[1] != '-')
        return true; /* a letter */
    return strncmp(word + 2, row->name, len) == 0 &&
           (word[2 + len] == '\0' || word[2 + len] == '=');
}

/* What getopt could make nothing of. */
static enum options_result complain(int found, const char *word, char *why)
{
    if (found == ':')
        return bad(why, "%s needs a value", word);
    if (optopt >= FIRST_ROW)
        return bad(why, "--%s takes no value: %s", rows[optopt - FIRST_ROW].name, word);
    if (optopt != 0)
        return bad(why, "unknown option -%c", optopt);
    return bad(why, "unknown option %s", word);
}

enum options_result options_parse(enum program program, int argc, char **argv,
                                  struct options *options, char why[OPTIONS_WHY_MAX])
{
    struct option list[ROWS + 1];
    char letters[ROWS + 2];
    int found;
    set_defaults(program, options);
    make_getopt(program, list, letters);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((found = getopt_long(argc, argv, letters, list, NULL)) != -1) {
        if (found == ':' || found == '?')
            return complain(found, argv[optind - 1], why);
        const struct option_row *row = row_of(found);
        const char *word = argv[optind - (optarg != NULL && optarg == argv[optind - 1] ? 2 : 1)];
        if (!is_whole(row, word))
            return bad(why, "unknown option %s", word);
        enum options_result result = set(row, optarg, options, why);
        if (result != OPTIONS_RUN)
            return result;
    }
    options->words = argv + optind;
    options->word_count = argc - optind;
    return check_together(options, why);
}

static void put_help(const struct option_row *row, FILE *out)
{
    const char *at = strchr(row->help, '@');
    uint32_t min, max, initial;
    if (row->setting == NULL || at == NULL) {
        fprintf(out, "%s\n", row->help);
        return;
    }
    range_of(row, &min, &max, &initial);
    fprintf(out, "%.*s%u%s\n", (int)(at - row->help), row->help, initial, at + 1);
}

void options_help(enum program program, FILE *out)
{
    char left[64];
    fprintf(out, "%s\n", programs[program_index(program)].usage);
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row *row = &rows[i];
        if (!(row->programs & (int)program))
            continue;
        if (row->letter != 0)
            snprintf(left, sizeof(left), "--%s, -%c", row->name, row->letter);
        else
            snprintf(left, sizeof(left), "--%s %s", row->name,
                     row->value != NULL ? row->value : "");
        fprintf(out, "  %-28s ", left);
        put_help(row, out);
    }
}

/* Whether the log is to be JSON: the complaint may be about an option before that. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--log-format=json") == 0 ||
            (i + 1 < argc && strcmp(argv[i], "--log-format") == 0 &&
             strcmp(argv[i + 1], "json") == 0))
            return true;
    return false;
}

int options_start(enum program program, int argc, char **argv, struct options *options)
{
    char why[OPTIONS_WHY_MAX];
    struct log log = {0};
    bool json = wants_json(argc, argv); /* before the words are reordered */
    switch (options_parse(program, argc, argv, options, why)) {
    case OPTIONS_RUN:
        return -1;
    case OPTIONS_HELP:
        options_help(program, stdout);
        return EXIT_SUCCESS;
    case OPTIONS_VERSION:
        printf("%s %s\n", program_name(program), L2TPHA_VERSION);
        return EXIT_SUCCESS;
    default:
        break;
    }
    if (json && program != PROGRAM_CTL) {
        log_open(&log, NULL, true);
        log_say(&log, L2TPHA_LOG_ERROR, "%s: %s", program_name(program), why);
        log_close(&log);
    } else {
        fprintf(stderr, "%s: %s. Try --help.\n", program_name(program), why);
    }
    return 2;
}

/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "help.h"
#include "log.h"
#include "option_rows.h"
#include "pair/others.h"

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

#define DEFAULT_PORT 1701
#define FIRST_ROW 256 /* above all letters */
#define LEASE_MS 5000

const char *program_name(enum program program)
{
    return program_row_of(program)->name;
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
    uint32_t min = row->min, max = row->max, initial;
    if (row->setting != NULL)
        option_range(row, &min, &max, &initial);
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
    case KIND_LIST:
        if (*(const char *)field != '\0')
            return bad(why, "--%s is given twice: several are parted by commas", row->name);
        return set_text(row, text, field, why);
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
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].setting != NULL)
            option_range(&option_rows[i], &min, &max,
                         (void *)((char *)options + option_rows[i].offset));
    strcpy(options->name, program_name(program));
    options->failover = L2TPHA_FAILOVER_FALLBACK;
    options->tunnels = 1;
    options->sessions = 1;
    options->redial_s = REDIAL_UNSET;
    options->store_history_s = HISTORY_S;
    options->store_replicas = REPLICAS_UNSET;
    options->lease_ms = LEASE_MS;
    options->threads = 2;
    options->delay_ms = 100;
    options->delay_max_ms = 10000;
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

static bool is_about_redis(const struct options *options)
{
    return options->store_exact || options->store_secret[0] != '\0' ||
           options->store_replicas != REPLICAS_UNSET;
}

static bool is_about_etcd(const struct options *options)
{
    return options->store_ca[0] != '\0' || options->store_cert[0] != '\0' ||
           options->store_cert_key[0] != '\0' || options->store_history_s != HISTORY_S;
}

/* SCHEME://SERVERS/GROUP */
static bool is_at_server(const char *store, const char *scheme)
{
    size_t len = strlen(scheme);
    const char *slash = strncmp(store, scheme, len) == 0 ? strchr(store + len, '/') : NULL;
    return slash != NULL && slash[1] != '\0';
}

static enum options_result check_server(const struct options *options, bool is_redis, bool is_etcd,
                                        char *why)
{
    if (!is_redis && is_about_redis(options))
        return bad(why, "--store-secret, -replicas and -exact need --store redis://");
    if (!is_etcd && is_about_etcd(options))
        return bad(why, "--store-ca, -cert, -cert-key and -history need --store etcd://");
    bool sealed = options->store_key[0] != '\0';
    if (sealed && options->store[0] == '\0')
        return bad(why, "--store-key needs --store");
    if (!is_redis && !is_etcd && options->store_plain && !sealed)
        return bad(why, "--store-plain needs --store etcd:// or redis://, or --store-key");
    if ((options->store_cert[0] == '\0') != (options->store_cert_key[0] == '\0'))
        return bad(why, "--store-cert and --store-cert-key need one another");
    if ((is_redis || is_etcd) && !options->store_plain && !sealed)
        return bad(why,
                   "--store %s: without --store-key whoever reads the server, its backups or the "
                   "network reads all secrets; say --store-plain if that may be",
                   is_redis ? "redis" : "etcd");
    return OPTIONS_RUN;
}

static enum options_result check_store(const struct options *options, char *why)
{
    static const char file[] = "file:";
    const char *store = options->store;
    bool given = store[0] != '\0';
    bool is_file = strncmp(store, file, strlen(file)) == 0 && store[strlen(file)] != '\0';
    bool is_redis = is_at_server(store, "redis://"), is_etcd = is_at_server(store, "etcd://");
    if (!is_file && options->close_after_reboot)
        return bad(why, "--recover-after-reboot needs --store file:DIR");
    if (!given && (options->store_holds || options->store_mend))
        return bad(why, "--%s needs --store",
                   options->store_mend ? "store-repair" : "on-store-loss");
    if (given && !is_file && !is_redis && !is_etcd)
        return bad(why,
                   "--store: '%s' must be file:DIR, etcd://HOST:PORT,.../GROUP or "
                   "redis://HOST:PORT/GROUP",
                   store);
    return check_server(options, is_redis, is_etcd, why);
}

static enum options_result take_others(const char *name, const char *text, bool far,
                                       struct others *others, char *why)
{
    const char *what = text[0] != '\0' ? others_add(others, text, far) : NULL;
    return what == NULL ? OPTIONS_RUN : bad(why, "--%s: '%s': %s", name, text, what);
}

static enum options_result find_others(struct options *options, char *why)
{
    struct others others = {.count = 0};
    if (take_others("ha-connect", options->ha_others, false, &others, why) != OPTIONS_RUN ||
        take_others("ha-far", options->ha_far, true, &others, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    options->ha_connect = others.list[0].endpoint;
    options->ha_beyond = others_are_beyond_loopback(&others);
    if (options->observer && options->ha_connect.kind != ENDPOINT_TCP)
        return bad(why, "--observer: only a node over tcp: is far, and needs --ha-connect");
    if (others.count > 1 && options->rank == L2TPHA_RANK_NONE)
        return bad(why, "several other nodes need --rank, another one at each node");
    return OPTIONS_RUN;
}

/* What protects the stream to the other node. */
static enum options_result check_link(const struct options *options, char *why)
{
    bool tcp = options->ha_listen.kind == ENDPOINT_TCP || options->ha_connect.kind == ENDPOINT_TCP;
    if (options->ha_key[0] != '\0')
        return tcp ? OPTIONS_RUN
                   : bad(why, "--ha-key is for tcp: in --ha-listen or --ha-connect; what is said "
                              "over unix: does not leave this machine");
    if (options->insecure)
        return OPTIONS_RUN;
    if (endpoint_is_beyond_loopback(&options->ha_listen))
        return bad(why, "--ha-listen: without --ha-key nothing seals the stream, so whoever "
                        "reaches that address can read all secrets, change state and end this "
                        "node's epoch; say --ha-insecure if only the other node reaches it");
    if (options->ha_beyond)
        return bad(why, "--ha-connect: without --ha-key nothing seals the stream, so whoever is "
                        "on the way there can read all secrets, and be the other node; say "
                        "--ha-insecure if nobody is");
    return OPTIONS_RUN;
}

static bool is_etcd(const char *authority)
{
    static const char scheme[] = "etcd://";
    const char *slash = strncmp(authority, scheme, strlen(scheme)) == 0
                            ? strchr(authority + strlen(scheme), '/')
                            : NULL;
    return slash != NULL && slash[1] != '\0';
}

static enum options_result check_lease(const struct options *options, char *why)
{
    if (options->lease_ms != LEASE_MS)
        return bad(why, "--lease needs --authority");
    if (options->on_lease_lost[0] != '\0')
        return bad(why, "--on-lease-lost needs --authority");
    if (options->authority_ca[0] != '\0' || options->authority_cert[0] != '\0' ||
        options->authority_key[0] != '\0')
        return bad(why, "--authority-ca, -cert and -key need --authority");
    return OPTIONS_RUN;
}

/* The files of TLS are read as connections are made. */
static enum options_result check_authority(const struct options *options, char *why)
{
    bool tcp = options->ha_listen.kind == ENDPOINT_TCP && options->ha_connect.kind == ENDPOINT_TCP;
    if (options->authority[0] == '\0')
        return check_lease(options, why);
    if (!is_etcd(options->authority))
        return bad(why, "--authority: '%s' must be etcd://HOST:PORT,HOST:PORT,.../GROUP",
                   options->authority);
    if (!tcp)
        return bad(why, "--authority decides between machines: it needs tcp: in --ha-listen and "
                        "--ha-connect");
    if (options->rank == L2TPHA_RANK_NONE)
        return bad(why, "--authority needs --rank, another one at each node: it knows them by it");
    if (options->commit != L2TPHA_COMMIT_GATED)
        return bad(why, "--authority needs --commit gated: whoever takes over holds all that has "
                        "left");
    if ((options->authority_cert[0] == '\0') != (options->authority_key[0] == '\0'))
        return bad(why, "--authority-cert and --authority-key need one another");
    return OPTIONS_RUN;
}

/* Who is one of a pair is upgraded by a switchover to the other one. */
static enum options_result check_replace(const struct options *options, char *why)
{
    if (options->replace.kind == ENDPOINT_NONE)
        return OPTIONS_RUN;
    if (options->replace.kind != ENDPOINT_UNIX)
        return bad(why, "--replace: the two are processes of one machine: unix:PATH");
    if (options->ha_listen.kind != ENDPOINT_NONE || options->ha_connect.kind != ENDPOINT_NONE ||
        options->authority[0] != '\0')
        return bad(why, "--replace is for one process alone: where there is another node "
                        "(--ha-listen, --ha-connect, --ha-far, --authority) switch over to that "
                        "one, and restart this one then");
    if (options->role != ROLE_ACTIVE || options->takeover_manual)
        return bad(why, "--replace takes no --%s: whoever is started last serves",
                   options->takeover_manual ? "takeover manual" : "role");
    return OPTIONS_RUN;
}

static enum options_result check_redundancy(struct options *options, char *why)
{
    if (find_others(options, why) != OPTIONS_RUN || check_replace(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    bool tcp = options->ha_connect.kind == ENDPOINT_TCP;
    options->rank_given = options->rank != L2TPHA_RANK_NONE;
    if (options->role != ROLE_ACTIVE && options->ha_connect.kind == ENDPOINT_NONE)
        return bad(why, "--role %s needs --ha-connect",
                   options->role == ROLE_AUTO ? "auto" : "standby");
    if (options->role == ROLE_AUTO && options->ha_listen.kind == ENDPOINT_NONE)
        return bad(why, "--role auto needs --ha-listen: the other may have to follow");
    if (check_authority(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (tcp && !options->takeover_manual && options->authority[0] == '\0')
        return bad(why, "--takeover auto over tcp: a lost connection proves nothing there, so it "
                        "needs a lease, of --authority; without one use --takeover manual, or "
                        "unix:");
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
    return check_link(options, why);
}

static enum options_result check_dump(const struct options *options, char *why)
{
    bool compares = options->dump_diff[0] != '\0';
    if (options->word_count == 0)
        return bad(why, "SOURCE is required: file:DIR, another store, a file or -");
    if (options->word_count > 1)
        return bad(why, "unexpected argument '%s'", options->words[1]);
    if (compares && options->dump_verify)
        return bad(why, "--diff and --verify are two things");
    if (!compares && !options->dump_verify)
        return OPTIONS_RUN;
    if (options->dump_to != DUMP_TEXT || options->dump_state)
        return bad(why, "--%s prints no %s", compares ? "diff" : "verify",
                   options->dump_state ? "state" : "checkpoints");
    if (options->dump_verify && (options->dump_filter[0] != '\0' || options->dump_secrets))
        return bad(why, "--verify takes all, and prints no records");
    return OPTIONS_RUN;
}

/* What single options cannot know. */
static enum options_result check_together(struct options *options, char *why)
{
    if (options->program == PROGRAM_CTL)
        return OPTIONS_RUN;
    if (options->program == PROGRAM_KEEPER)
        return options->word_count > 0 ? OPTIONS_RUN : bad(why, "PROGRAM is required, behind --");
    if (options->program == PROGRAM_DUMP)
        return check_dump(options, why);
    if (options->word_count > 0)
        return bad(why, "unexpected argument '%s'", options->words[0]);
    if (options->program == PROGRAM_THREADS && options->ha[0] == '\0')
        return bad(why, "--ha is required: where the two processes meet");
    if (options->hide_avps && options->secret[0] == '\0')
        return bad(why, "--hide-avps needs --secret");
    if (check_store(options, why) != OPTIONS_RUN || check_redundancy(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (find_addresses(options, why) != OPTIONS_RUN)
        return OPTIONS_BAD;
    if (wants_known_port(options))
        return bad(why,
                   "--listen needs a port with tcp: the one who takes over must have the same");
    if (options->store[0] != '\0' && address_port(&options->listen) == 0)
        return bad(why, "--listen needs a port with --store: who begins again must have the same");
    return OPTIONS_RUN;
}

/* What getopt is told: all long options, and after a colon that keeps it silent all letters. */
static void make_getopt(enum program program, struct option *list, char *letters)
{
    *letters++ = ':';
    for (size_t i = 0; i < option_row_count; i++) {
        if (!(option_rows[i].programs & (int)program))
            continue;
        *list++ = (struct option){.name = option_rows[i].name,
                                  .has_arg = option_rows[i].value != NULL,
                                  .val = FIRST_ROW + (int)i};
        if (option_rows[i].letter != 0)
            *letters++ = option_rows[i].letter;
    }
    *list = (struct option){0};
    *letters = '\0';
}

static const struct option_row *row_of(int found)
{
    for (size_t i = 0; i < option_row_count && found < FIRST_ROW; i++)
        if (option_rows[i].letter == found)
            return &option_rows[i];
    return &option_rows[found - FIRST_ROW];
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
        return bad(why, "--%s takes no value: %s", option_rows[optopt - FIRST_ROW].name, word);
    if (optopt != 0)
        return bad(why, "unknown option -%c", optopt);
    return bad(why, "unknown option %s", word);
}

enum options_result options_parse(enum program program, int argc, char **argv,
                                  struct options *options, char why[OPTIONS_WHY_MAX])
{
    struct option list[OPTION_ROWS_MAX + 1];
    char letters[OPTION_ROWS_MAX + 2];
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
        help_print(program, stdout);
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

/* SPDX-License-Identifier: MIT */
#include "pair/leased.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN (2 * MS)
#define PATIENCE (500 * MS)

struct office office;
struct side sides[LEASED_NODES];
struct l2tpha_pair_options leased_options;
uint64_t leased_now;

uint64_t __real_l2tpha_pair_now(void);
uint64_t __wrap_l2tpha_pair_now(void);
uint64_t __wrap_l2tpha_pair_now(void)
{
    return leased_now != 0 ? leased_now : __real_l2tpha_pair_now();
}

/* ---- the authority ---- */

static bool is_leased(void)
{
    return office.leased_until > leased_now;
}

static bool is_heard(const struct side *side, unsigned kind)
{
    bool lost = side->takes_nothing && kind == L2TPHA_AUTHORITY_TOOK;
    return !side->cut && !office.closed && !lost;
}

static int answer(struct side *side, unsigned which, unsigned kind, int status)
{
    bool heard = is_heard(side, kind);
    if (side->answers[which].at != 0)
        return L2TPHA_ERR_STATE;
    side->answers[which].at = heard ? leased_now : leased_now + PATIENCE;
    side->answers[which].event =
        (struct l2tpha_authority_event){.status = heard ? status : L2TPHA_ERR_TIMEOUT};
    side->answers[which].event.kind = kind;
    if (!heard)
        return L2TPHA_OK;
    side->answers[which].event.claim = office.claim;
    side->answers[which].event.claim.leased = is_leased();
    return L2TPHA_OK;
}

static bool hears(const struct side *side, unsigned which, unsigned kind)
{
    return is_heard(side, kind) && side->answers[which].at == 0;
}

static int look(void *user, uint64_t now)
{
    (void)now;
    return answer(user, 0, L2TPHA_AUTHORITY_LOOKED, L2TPHA_OK);
}

static int take(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint32_t ttl_ms,
                uint64_t now)
{
    struct side *side = user;
    int status = revision != office.claim.revision ? L2TPHA_ERR_FENCED
                 : is_leased()                     ? L2TPHA_ERR_EXISTS
                                                   : L2TPHA_OK;
    (void)now;
    side->epoch = claim->epoch;
    if (status == L2TPHA_OK && hears(side, 0, L2TPHA_AUTHORITY_TOOK)) {
        office.claim = *claim;
        office.claim.revision = revision + 1;
        office.leased_until = leased_now + ttl_ms * MS;
    }
    return answer(side, 0, L2TPHA_AUTHORITY_TOOK, status);
}

static int change(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t now)
{
    struct side *side = user;
    bool may = revision == office.claim.revision && side->epoch == office.claim.epoch;
    (void)now;
    if (may && hears(side, 0, L2TPHA_AUTHORITY_CHANGED)) {
        office.claim = *claim;
        office.claim.revision = revision + 1;
    }
    return answer(side, 0, L2TPHA_AUTHORITY_CHANGED, may ? L2TPHA_OK : L2TPHA_ERR_FENCED);
}

static int beside(struct side *side, unsigned kind, uint64_t until)
{
    int status = side->epoch != office.claim.epoch ? L2TPHA_ERR_FENCED
                 : is_leased()                     ? L2TPHA_OK
                                                   : L2TPHA_ERR_NOT_FOUND;
    if (status == L2TPHA_OK && hears(side, 1, kind))
        office.leased_until = until;
    return answer(side, 1, kind, status);
}

static int renew(void *user, uint64_t now)
{
    (void)now;
    return beside(user, L2TPHA_AUTHORITY_RENEWED, leased_now + LEASE_MS * MS);
}

static int leave(void *user, uint64_t now)
{
    (void)now;
    return beside(user, L2TPHA_AUTHORITY_LEFT, 0);
}

static bool take_answer(void *user, struct l2tpha_authority_event *event, uint64_t now)
{
    struct side *side = user;
    for (unsigned i = 0; i < 2; i++)
        if (side->answers[i].at != 0 && side->answers[i].at <= now) {
            side->answers[i].at = 0;
            *event = side->answers[i].event;
            return true;
        }
    return false;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static uint64_t deadline(void *user)
{
    const struct side *side = user;
    uint64_t due = L2TPHA_NEVER;
    for (unsigned i = 0; i < 2; i++)
        if (side->answers[i].at != 0 && side->answers[i].at < due)
            due = side->answers[i].at;
    return due;
}

/* ---- the program ---- */

static int draw(void *user, uint8_t *dst, size_t len)
{
    static uint8_t next;
    (void)user;
    while (len-- > 0)
        *dst++ = next++;
    return L2TPHA_OK;
}

static int make(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    const struct side *side = user;
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .random = draw};
    l2tpha_config_init(&config);
    config.name = "pair";
    config.rank = side->rank;
    config.standby = standby;
    config.epoch = epoch;
    config.retries = 100;
    config.setup_ms = 3600 * 1000;
    return l2tpha_node_new(root, &config, &host, l2tpha_pair_now(), node);
}

static bool open_socket(void *user, bool beside_other, const char **why)
{
    struct side *side = user;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *why = "there is none";
    if (side->no_socket || (beside_other && side->no_gift))
        return false;
    side->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(side->socket, (struct sockaddr *)&any, sizeof(any)), 0);
    return true;
}

static int socket_of(void *user)
{
    const struct side *side = user;
    return side->socket;
}

static void close_socket(void *user)
{
    struct side *side = user;
    close(side->socket);
    side->socket = -1;
}

static void inherit(void *user, int fd)
{
    (void)user;
    close(fd);
    ck_abort_msg("a socket over tcp");
}

/* Nobody speaks without the lease, and nobody without its socket. */
static void take_outputs(void *user, const struct l2tpha_output *outputs, size_t count)
{
    struct side *side = user;
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind != L2TPHA_OUTPUT_DATAGRAM)
            continue;
        ck_assert_msg(is_leased(), "%s speaks, and no lease runs", side->name);
        ck_assert_str_eq(office.claim.owner, side->name);
        ck_assert_int_ge(side->socket, 0);
        side->sent++;
        side->sent_at = leased_now;
    }
}

static void take_event(void *user, enum l2tpha_pair_event event)
{
    struct side *side = user;
    side->events[event]++;
}

static void take_outcome(void *user, enum l2tpha_pair_order order, const char *why)
{
    struct side *side = user;
    (void)order;
    side->outcomes++;
    snprintf(side->why, sizeof(side->why), "%s", why != NULL ? why : "");
}

static void take_line(void *user, enum l2tpha_log_category category, const char *text)
{
    const struct side *side = user;
    (void)category;
    if (getenv("LEASED_LOG") != NULL)
        fprintf(stderr, "%9.3f %s: %s\n", (double)leased_now / 1e6, side->name, text);
}

/* ---- the world ---- */

static uint16_t ports[LEASED_NODES];

static uint16_t free_port(unsigned place)
{
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK + place)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    close(fd);
    return ntohs(any.sin_port);
}

static void set_up(void)
{
    leased_now = 1000 * SECOND;
    office = (struct office){.closed = false};
    leased_options = (struct l2tpha_pair_options){.size = sizeof(leased_options)};
    for (unsigned i = 0; i < LEASED_NODES; i++) {
        ports[i] = free_port(i);
        sides[i] = (struct side){.place = i, .socket = -1, .rank = i + 1};
        snprintf(sides[i].name, sizeof(sides[i].name), "node-%u", i + 1);
    }
}

static void tear_down(void)
{
    for (unsigned i = 0; i < LEASED_NODES; i++)
        leased_die(&sides[i]);
    leased_now = 0;
}

Suite *leased_suite(const char *name, TCase **tcase)
{
    Suite *suite = fixture_suite(name, tcase);
    tcase_add_checked_fixture(*tcase, set_up, tear_down);
    return suite;
}

static void write_others(unsigned place, char *text, size_t size)
{
    size_t len = 0;
    for (unsigned i = 0; i < LEASED_NODES; i++)
        if (i != place)
            len += (size_t)snprintf(text + len, size - len, "%stcp:127.0.0.%u:%u",
                                    len > 0 ? "," : "", i + 1, ports[i]);
}

const struct l2tpha_pair_host *leased_host(struct side *side)
{
    static struct l2tpha_pair_host host;
    host = (struct l2tpha_pair_host){.size = sizeof(host),
                                     .user = side,
                                     .make = make,
                                     .open = open_socket,
                                     .socket = socket_of,
                                     .inherit = inherit,
                                     .close = close_socket,
                                     .outputs = take_outputs,
                                     .event = take_event,
                                     .outcome = take_outcome,
                                     .log = take_line};
    return &host;
}

struct side *leased_begin(unsigned place, enum l2tpha_pair_role role)
{
    static char listen[64], others[128];
    struct side *side = &sides[place];
    struct l2tpha_pair_options options = leased_options;
    snprintf(side->name, sizeof(side->name), "node-%u", side->rank);
    snprintf(listen, sizeof(listen), "tcp:127.0.0.%u:%u", place + 1, ports[place]);
    write_others(place, others, sizeof(others));
    side->authority = (struct l2tpha_authority){.size = sizeof(side->authority),
                                                .name = "office",
                                                .user = side,
                                                .look = look,
                                                .take = take,
                                                .change = change,
                                                .renew = renew,
                                                .leave = leave,
                                                .event = take_answer,
                                                .fd = descriptor,
                                                .deadline = deadline};
    options.role = role;
    options.listen = listen;
    options.connect = others;
    options.authority = &side->authority;
    options.host = *leased_host(side);
    assert_ok(l2tpha_pair_new(&options, &side->pair));
    const char *why = l2tpha_pair_start(side->pair);
    ck_assert_msg(why == NULL, "%s", why);
    return side;
}

void leased_die(struct side *side)
{
    l2tpha_pair_free(side->pair);
    if (side->socket >= 0)
        close_socket(side);
    *side = (struct side){.place = side->place, .socket = -1, .rank = side->rank};
    snprintf(side->name, sizeof(side->name), "node-%u", side->rank);
}

/* A peer that never answers is asked for another tunnel all the time, by whoever serves. */
static void speak(struct side *side)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;
    options.path.local.len = options.path.remote.len = 4;
    if (leased_now >= side->speaks_at && l2tpha_pair_reads(side->pair) &&
        l2tpha_tunnel_open(l2tpha_pair_node(side->pair), &options, leased_now, &tunnel) ==
            L2TPHA_OK)
        side->speaks_at = leased_now + 100 * MS;
}

void leased_run(uint64_t us)
{
    for (uint64_t until = leased_now + us; leased_now < until; leased_now += TURN)
        for (unsigned i = 0; i < LEASED_NODES; i++) {
            struct side *side = &sides[i];
            if (side->pair == NULL || side->stopped)
                continue;
            speak(side);
            (void)l2tpha_pair_service(side->pair);
        }
}

enum l2tpha_role leased_role(const struct side *side)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(l2tpha_pair_node(side->pair), &info);
    return info.role;
}

bool leased_is_held(const struct side *side)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(l2tpha_pair_node(side->pair), &info);
    return info.held;
}

struct l2tpha_lease_info leased_lease(const struct side *side)
{
    struct l2tpha_lease_info info = {.size = sizeof(info)};
    ck_assert(l2tpha_pair_lease(side->pair, &info));
    return info;
}

struct l2tpha_pair_info leased_info(const struct side *side)
{
    struct l2tpha_pair_info info = {.size = sizeof(info)};
    l2tpha_pair_get(side->pair, &info);
    return info;
}

uint64_t leased_until(struct side *side, enum l2tpha_role role, uint64_t us)
{
    uint64_t begin = leased_now;
    while (leased_role(side) != role && leased_now < begin + us)
        leased_run(TURN);
    ck_assert_msg(leased_role(side) == role, "%s: %s, not %s", side->name,
                  l2tpha_role_name(leased_role(side)), l2tpha_role_name(role));
    return leased_now - begin;
}

void leased_until_handed(const struct side *side)
{
    uint64_t begin = leased_now;
    while (!leased_info(side).handed && leased_now < begin + 8 * SECOND)
        leased_run(TURN);
    ck_assert(leased_info(side).handed);
}

void leased_until_told(struct side *side, uint64_t us)
{
    uint64_t begin = leased_now;
    unsigned before = side->outcomes;
    while (side->outcomes == before && leased_now < begin + us)
        leased_run(TURN);
    ck_assert_uint_gt(side->outcomes, before);
}

bool leased_is_in_claim(const struct side *side)
{
    for (uint32_t i = 0; i < office.claim.count; i++)
        if (strcmp(office.claim.in_sync[i], side->name) == 0)
            return true;
    return false;
}

bool leased_is_silent(const struct side *side, uint64_t us)
{
    uint64_t sent = side->sent;
    leased_run(us);
    return side->sent == sent;
}

void leased_check_serves(const struct side *side)
{
    uint64_t sent = side->sent;
    leased_run(1500 * MS);
    ck_assert_str_eq(office.claim.owner, side->name);
    ck_assert(l2tpha_pair_reads(side->pair));
    ck_assert_uint_gt(side->sent, sent);
}

void leased_check_follows(struct side *side, uint64_t us)
{
    leased_until(side, L2TPHA_ROLE_STANDBY_HOT, us);
    leased_run(100 * MS);
    ck_assert(leased_is_in_claim(side));
    ck_assert(!l2tpha_pair_reads(side->pair));
}

void leased_begin_two(void)
{
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_until(&sides[0], L2TPHA_ROLE_ACTIVE_SOLO, SECOND);
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_until(&sides[1], L2TPHA_ROLE_STANDBY_HOT, 3 * SECOND);
    leased_run(200 * MS);
    ck_assert(leased_is_in_claim(&sides[1]) && leased_info(&sides[0]).protects);
    ck_assert_uint_gt(sides[0].sent, 0);
}

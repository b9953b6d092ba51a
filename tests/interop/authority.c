/* SPDX-License-Identifier: MIT */
/* authority PLACE [CA CERTIFICATE KEY]
 * An authority in etcd, driven by lines of its standard input:
 *
 *     look | renew | leave
 *     take EPOCH REVISION TTL_MS OWNER NAME,NAME...
 *     change EPOCH REVISION OWNER NAME,NAME...
 *
 * Each is answered by a line, at once when the call fails, else when its event comes:
 *
 *     KIND ERROR epoch=N revision=N leased=N owner=NAME in_sync=NAME,NAME... ms=N at=N
 *
 * ms is how long it took, at when it was said, in ms of CLOCK_BOOTTIME. */
#include <l2tpha/etcd.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static const char *const kinds[] = {"looked", "took", "changed", "renewed", "left"};
static struct l2tpha_authority *authority;
static uint64_t asked_at[5];

static uint64_t clock_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static const char *name_of(int error)
{
    return error ? l2tpha_error_name(error) : "OK";
}

static void read_names(char *names, struct l2tpha_claim *claim)
{
    for (char *at = strtok(names, ","); at; at = strtok(NULL, ","))
        snprintf(claim->in_sync[claim->count++], sizeof(claim->in_sync[0]), "%s", at);
}

static int carry_out(const char *line, int *kind)
{
    struct l2tpha_claim claim = {0};
    char names[512] = "";
    uint64_t revision, now = clock_us();
    uint32_t ttl_ms;

    if (sscanf(line, "take %" SCNu64 " %" SCNu64 " %" SCNu32 " %63s %511s", &claim.epoch, &revision,
               &ttl_ms, claim.owner, names) == 5) {
        *kind = L2TPHA_AUTHORITY_TOOK;
        read_names(names, &claim);
        return authority->take(authority->user, &claim, revision, ttl_ms, now);
    }
    if (sscanf(line, "change %" SCNu64 " %" SCNu64 " %63s %511s", &claim.epoch, &revision,
               claim.owner, names) == 4) {
        *kind = L2TPHA_AUTHORITY_CHANGED;
        read_names(names, &claim);
        return authority->change(authority->user, &claim, revision, now);
    }
    if (strcmp(line, "renew") == 0) {
        *kind = L2TPHA_AUTHORITY_RENEWED;
        return authority->renew(authority->user, now);
    }
    if (strcmp(line, "leave") == 0) {
        *kind = L2TPHA_AUTHORITY_LEFT;
        return authority->leave(authority->user, now);
    }
    *kind = L2TPHA_AUTHORITY_LOOKED;
    return strcmp(line, "look") == 0 ? authority->look(authority->user, now) : L2TPHA_ERR_INVALID;
}

static void tell(const struct l2tpha_authority_event *event)
{
    const struct l2tpha_claim *claim = &event->claim;

    printf("%s %s epoch=%" PRIu64 " revision=%" PRIu64 " leased=%d owner=%s in_sync=",
           kinds[event->kind], name_of(event->status), claim->epoch, claim->revision, claim->leased,
           claim->owner);
    for (uint32_t i = 0; i < claim->count; i++)
        printf("%s%s", i > 0 ? "," : "", claim->in_sync[i]);
    uint64_t now = clock_us() / 1000;
    printf(" ms=%" PRIu64 " at=%" PRIu64 "\n", now - asked_at[event->kind] / 1000, now);
}

/* False: there is no more. */
static bool read_commands(void)
{
    static char line[LINE_MAX_LEN];
    static size_t len;
    int kind;
    ssize_t got = read(STDIN_FILENO, line + len, sizeof(line) - 1 - len);

    if (got <= 0)
        return false;
    len += (size_t)got;
    line[len] = '\0';
    for (char *end; (end = strchr(line, '\n'));) {
        *end = '\0';
        uint64_t now = clock_us();
        int error = carry_out(line, &kind);
        if (error)
            tell(&(struct l2tpha_authority_event){.kind = kind, .status = error});
        else
            asked_at[kind] = now;
        len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, len + 1);
    }
    return true;
}

static int wait_ms(void)
{
    uint64_t deadline = authority->deadline(authority->user), now = clock_us();

    if (deadline == L2TPHA_NEVER)
        return -1;
    return deadline <= now ? 0 : (int)((deadline - now + 999) / 1000);
}

int main(int argc, char **argv)
{
    struct l2tpha_etcd_tls tls = {.size = sizeof(tls)};
    struct l2tpha_authority_event event;

    if (argc == 5) {
        tls.ca = argv[2];
        tls.certificate = argv[3][0] != '\0' ? argv[3] : NULL;
        tls.key = argv[4][0] != '\0' ? argv[4] : NULL;
    }
    int error = argc == 2 || argc == 5
                    ? l2tpha_etcd_authority_new(NULL, argv[1], argc == 5 ? &tls : NULL, &authority)
                    : L2TPHA_ERR_INVALID;
    if (error) {
        fprintf(stderr, "authority: %s\n", name_of(error));
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = authority->fd(authority->user), .events = POLLIN}};
    do {
        while (authority->event(authority->user, &event, clock_us()))
            tell(&event);
        poll(ready, 2, wait_ms());
    } while (!(ready[0].revents & (POLLIN | POLLHUP)) || read_commands());
    authority->free(authority->user);
    return 0;
}

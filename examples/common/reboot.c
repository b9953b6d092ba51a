/* SPDX-License-Identifier: MIT */
#include "reboot.h"
#include "app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX 64
#define IDS 65536 /* local tunnel ids */
#define AT_ONCE 256
#define AGAIN_US 100000 /* there was no room for a StopCCN */

struct reboot {
    char path[OPTIONS_STORE_MAX + 8];
    char id[BOOT_ID_MAX]; /* of this boot; "" = it cannot be known */
    bool same;            /* the store was served in this boot */
    bool noted;
    bool done;            /* all that the store had is restored */
    uint8_t old[IDS / 8]; /* restored, and not down yet */
    uint8_t ask[IDS / 8]; /* ... nor asked to close */
    uint32_t old_count, ask_count;
    uint64_t again_at;
};

static bool has(const uint8_t *set, uint32_t id)
{
    return set[id / 8] >> id % 8 & 1;
}

static void put(uint8_t *set, uint32_t *count, uint32_t id)
{
    *count += !has(set, id);
    set[id / 8] |= (uint8_t)(1u << id % 8);
}

static void take(uint8_t *set, uint32_t *count, uint32_t id)
{
    *count -= has(set, id);
    set[id / 8] &= (uint8_t) ~(1u << id % 8);
}

/* The first line; "" = there is none. */
static void read_line(const char *path, char line[BOOT_ID_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, line, BOOT_ID_MAX - 1) : 0;
    line[got > 0 ? got : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

const char *reboot_start(struct app *app)
{
    const struct options *options = app->options;
    static const char scheme[] = "file:";
    char noted[BOOT_ID_MAX];
    if (strncmp(options->store, scheme, strlen(scheme)) != 0)
        return NULL;
    struct reboot *reboot = talloc_zero(app, struct reboot);
    snprintf(reboot->path, sizeof(reboot->path), "%s/boot", options->store + strlen(scheme));
    read_line(BOOT_ID, reboot->id);
    read_line(reboot->path, noted);
    reboot->same = reboot->id[0] != '\0' && strcmp(noted, reboot->id) == 0;
    reboot->noted = reboot->same;
    app->reboot = reboot;
    if (reboot->id[0] == '\0' && options->close_after_reboot)
        return "--recover-after-reboot no: " BOOT_ID " cannot be read";
    return NULL;
}

/* Whether what this node has restored is of an earlier boot, or of one that is not known, and is
 * not wanted then. What another node has handed over is alive. */
static bool is_unwanted(const struct app *app)
{
    struct l2tpha_pair_info pair = {.size = sizeof(pair)};
    if (app->reboot == NULL || app->reboot->same || !app->options->close_after_reboot)
        return false;
    l2tpha_pair_get(app->pair, &pair);
    return pair.from_store;
}

/* Not brought to the disk: a power failure is a boot of its own. */
static void note(struct app *app)
{
    struct reboot *reboot = app->reboot;
    char other[sizeof(reboot->path) + 8];
    size_t len = strlen(reboot->id);
    snprintf(other, sizeof(other), "%s.new", reboot->path);
    int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = fd >= 0 && write(fd, reboot->id, len) == (ssize_t)len;
    if (!written || rename(other, reboot->path) != 0)
        log_say(&app->log, L2TPHA_LOG_ERROR, "%s: %s: the boot is not noted", reboot->path,
                strerror(errno));
    if (fd >= 0)
        close(fd);
    reboot->noted = reboot->same = true;
}

void reboot_serve(struct app *app)
{
    struct reboot *reboot = app->reboot;
    if (reboot == NULL || reboot->noted)
        return;
    if (is_unwanted(app))
        log_say(&app->log, L2TPHA_LOG_RF,
                "the machine was started again: what the store has is closed");
    else
        note(app);
}

void reboot_event(struct app *app, const struct l2tpha_event *event)
{
    struct reboot *reboot = app->reboot;
    uint32_t id = event->tunnel_id;
    if (id >= IDS || !is_unwanted(app))
        return;
    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_RESTORED:
        put(reboot->old, &reboot->old_count, id);
        put(reboot->ask, &reboot->ask_count, id);
        break;
    case L2TPHA_EVENT_TUNNEL_DOWN: /* is told when the store has it */
    case L2TPHA_EVENT_TUNNEL_GONE:
        take(reboot->old, &reboot->old_count, id);
        take(reboot->ask, &reboot->ask_count, id);
        break;
    case L2TPHA_EVENT_TAKEOVER_DONE:
        reboot->done = true;
        break;
    default:
        break;
    }
}

/* False: there was no room for the StopCCN. */
static bool close_one(struct app *app, uint32_t id, uint64_t now)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(app->node, id);
    int error = tunnel != NULL
                    ? l2tpha_tunnel_close(tunnel, 2, 6, "the machine was started again", now)
                    : L2TPHA_OK;
    return error == L2TPHA_OK || error == L2TPHA_ERR_STATE;
}

void reboot_advance(struct app *app, uint64_t now)
{
    struct reboot *reboot = app->reboot;
    if (reboot == NULL || reboot->noted || now < reboot->again_at || !is_unwanted(app))
        return;
    unsigned asked = 0;
    for (uint32_t id = 0; id < IDS && reboot->ask_count > 0 && asked < AT_ONCE; id++) {
        if (!has(reboot->ask, id))
            continue;
        if (!close_one(app, id, now)) {
            reboot->again_at = now + AGAIN_US;
            return;
        }
        take(reboot->ask, &reboot->ask_count, id);
        asked++;
    }
    if (reboot->done && reboot->old_count == 0)
        note(app);
}

uint64_t reboot_deadline(const struct app *app)
{
    const struct reboot *reboot = app->reboot;
    bool asks = reboot != NULL && reboot->ask_count > 0 && is_unwanted(app);
    return asks ? reboot->again_at : UINT64_MAX;
}

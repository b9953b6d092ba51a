/* SPDX-License-Identifier: MIT */
#include "dump/source.h"

#include "common/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#define STOPPED 1 /* no error of a store's */

struct giving {
    struct source *source;
    source_item fn;
    void *user;
};

static enum source_end fail(struct source *source, const char *why)
{
    snprintf(source->why, sizeof(source->why), "%s: %s", source->name, why);
    return SOURCE_FAILED;
}

static bool give(struct source *source, const struct item *item, source_item fn, void *user)
{
    source->items++;
    source->octets += item->len;
    source->format = item->serializer->name;
    return fn(user, item);
}

/* --- stores --- */

static int take_stored(void *user, const uint8_t *data, size_t len)
{
    struct giving *giving = user;
    struct item item = {.data = data,
                        .len = len,
                        .serializer = cut_serializer(data, len),
                        .number = giving->source->items + 1};
    if (item.serializer == NULL)
        return L2TPHA_ERR_RECORD;
    return give(giving->source, &item, giving->fn, giving->user) ? L2TPHA_OK : STOPPED;
}

static enum source_end look(struct source *source, const struct l2tpha_store *store, source_item fn,
                            void *user)
{
    struct giving giving = {source, fn, user};
    const char *why = NULL;
    if (store->look == NULL)
        return fail(source, "such a store cannot be looked into");
    int error = store->look(store->user, take_stored, &giving, &source->found, &why);
    if (error == STOPPED)
        return SOURCE_STOPPED;
    if (source->found.fault != NULL) {
        snprintf(source->why, sizeof(source->why), "%s: %s, at octet %" PRIu64, source->name,
                 source->found.fault, source->found.fault_at);
        return SOURCE_FAILED;
    }
    if (error == L2TPHA_ERR_GAP)
        return fail(source, "it was written anew while it was read: try again");
    if (error != L2TPHA_OK)
        return fail(source, why != NULL && why[0] != '\0' ? why : l2tpha_strerror(error));
    return source->found.any ? SOURCE_READ : fail(source, "there is no whole copy in it");
}

static enum source_end read_store(struct source *source, const struct options *options,
                                  source_item fn, void *user)
{
    TALLOC_CTX *parent = talloc_new(NULL);
    struct options own = *options;
    struct l2tpha_store *store = NULL;
    source->is_store = true;
    if (parent == NULL || strlen(source->name) >= sizeof(own.store))
        return fail(source, l2tpha_strerror(L2TPHA_ERR_NOMEM));
    strcpy(own.store, source->name);
    own.store_plain = true; /* whether it is sealed, it says itself */
    const char *why = stored_new(parent, &own, &store);
    enum source_end end = SOURCE_FAILED;
    if (why != NULL || store == NULL)
        fail(source, why != NULL ? why : "no store");
    else
        end = look(source, store, fn, user);
    if (store != NULL)
        store->free(store->user);
    talloc_free(parent);
    return end;
}

void source_describe(const struct source *source, FILE *out)
{
    const struct l2tpha_store_found *found = &source->found;
    fprintf(out, "%s: epoch %" PRIu64 ", %" PRIu64 " checkpoints, %" PRIu64 " octets, %s",
            source->name, found->epoch, found->items, found->bytes,
            found->stale ? "stale" : "exact");
    fprintf(out, ", level %u", found->level);
    if (found->level_min > 1)
        fprintf(out, ", for level %u and newer", found->level_min);
    if (found->unproven > 0)
        fprintf(out, "; the last %" PRIu64 " of them may not be confirmed yet", found->unproven);
    if (found->torn)
        fputs("; behind them one is being written, or was", out);
    fputc('\n', out);
}

/* --- files --- */

static enum source_end read_file(struct source *source, const struct options *options,
                                 source_item fn, void *user)
{
    bool is_stdin = strcmp(source->name, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(source->name, O_RDONLY | O_CLOEXEC);
    struct cut cut;
    struct item item;
    if (fd < 0)
        return fail(source, strerror(errno));
    int found = cut_begin(&cut, fd, (enum cut_format)options->dump_from) ? 1 : -1;
    while (found > 0 && (found = cut_next(&cut, &item)) > 0)
        if (!give(source, &item, fn, user))
            break;
    if (found < 0)
        fail(source, cut.why);
    cut_end(&cut);
    if (!is_stdin)
        close(fd);
    return found < 0 ? SOURCE_FAILED : found > 0 ? SOURCE_STOPPED : SOURCE_READ;
}

enum source_end source_read(struct source *source, const struct options *options, source_item fn,
                            void *user)
{
    bool is_store = strncmp(source->name, "file:", 5) == 0 || strstr(source->name, "://") != NULL;
    return is_store ? read_store(source, options, fn, user) : read_file(source, options, fn, user);
}

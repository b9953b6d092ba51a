/* SPDX-License-Identifier: MIT */
/* A store around another one: what goes through it is sealed, and opened again. */
#include "sealed_item.h"

#include <l2tpha/sealed_store.h>
#include <string.h>

#define STREAMS 2

/* A stream of the inner store's. */
struct sealed_stream {
    bool used;
    uint32_t id;
    struct item_stream items;
};

struct sealed_store {
    struct l2tpha_store store;
    struct l2tpha_store *inner;
    struct l2tpha_sealed_store_options options;
    struct sealed_stream streams[STREAMS];
    uint8_t *buffer;
    size_t room;
};

/* What is read. */
struct opening {
    struct sealed_store *store;
    l2tpha_store_item fn;
    void *arg;
    struct item_stream items;
    uint64_t count;
    bool plain; /* so the first one was */
    const char *fault;
};

static bool make_room(struct sealed_store *store, size_t len)
{
    if (len <= store->room)
        return true;
    uint8_t *grown = talloc_realloc_size(store, store->buffer, len + len / 2);
    if (!grown)
        return false;
    store->buffer = grown;
    store->room = len + len / 2;
    return true;
}

static struct sealed_stream *find(struct sealed_store *store, bool used, uint32_t id)
{
    for (unsigned i = 0; i < STREAMS; i++)
        if (store->streams[i].used == used && (!used || store->streams[i].id == id))
            return &store->streams[i];
    return NULL;
}

/* --- writing --- */

static int begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct sealed_store *store = user;
    const struct l2tpha_sealed_store_options *options = &store->options;
    struct sealed_stream *stream = find(store, false, 0);
    uint8_t salt[ITEM_SALT];

    if (!stream)
        return L2TPHA_ERR_LIMIT;
    if (options->random(options->user, salt, sizeof(salt)) != 0)
        return L2TPHA_ERR_HOST;
    int error = item_begin(&stream->items, options->crypto, options->keys, salt);
    if (!error)
        error = store->inner->begin(store->inner->user, epoch, id);
    stream->used = !error;
    stream->id = *id;
    if (error)
        item_end(&stream->items);
    return error;
}

/* A number that the inner store has not taken is not used again: so nothing may follow it there. */
static int append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                  bool whole)
{
    struct sealed_store *store = user;
    struct sealed_stream *stream = find(store, true, id);
    size_t sealed_len;

    if (!stream || len == 0)
        return L2TPHA_ERR_INVALID;
    if (!make_room(store, len + ITEM_MORE))
        return L2TPHA_ERR_NOMEM;
    int error = item_seal(&stream->items, data, len, store->buffer, &sealed_len);
    return error ? error
                 : store->inner->append(store->inner->user, id, position, store->buffer, sealed_len,
                                        whole);
}

static int drop(void *user, uint32_t id, bool keep)
{
    struct sealed_store *store = user;
    struct sealed_stream *stream = find(store, true, id);

    if (stream) {
        item_end(&stream->items);
        *stream = (struct sealed_stream){0};
    }
    return store->inner->drop(store->inner->user, id, keep);
}

/* --- reading --- */

static int refuse(struct opening *opening, const char *why)
{
    opening->fault = why;
    return L2TPHA_ERR_SEAL;
}

static int give_plain(struct opening *opening, const uint8_t *data, size_t len)
{
    if (!opening->store->options.takes_plain)
        return refuse(opening, "it is not sealed");
    return opening->fn(opening->arg, data, len);
}

static int give_opened(struct opening *opening, const uint8_t *data, size_t len)
{
    struct sealed_store *store = opening->store;
    const struct l2tpha_crypto *crypto = store->options.crypto;
    struct l2tpha_bytes plain;

    if (!make_room(store, len))
        return L2TPHA_ERR_NOMEM;
    memcpy(store->buffer, data, len);
    int error = item_open(&opening->items, store->options.keys, store->buffer, len, &plain,
                          &opening->fault);
    if (!error)
        error = opening->fn(opening->arg, plain.data, plain.len);
    crypto->wipe(crypto->user, store->buffer, len);
    return error;
}

static int take_item(void *user, const uint8_t *data, size_t len)
{
    struct opening *opening = user;
    bool plain = !item_is_sealed(data, len);

    if (opening->count++ == 0)
        opening->plain = plain;
    if (plain != opening->plain)
        return refuse(opening, "sealed and unsealed checkpoints are mixed");
    return plain ? give_plain(opening, data, len) : give_opened(opening, data, len);
}

static struct opening opening_of(struct sealed_store *store, l2tpha_store_item fn, void *arg)
{
    return (struct opening){.store = store,
                            .fn = fn,
                            .arg = arg,
                            .items = {.cipher = {.crypto = store->options.crypto}}};
}

static int end_opening(struct opening *opening, int error, struct l2tpha_store_found *found)
{
    if (error == L2TPHA_ERR_SEAL && opening->fault)
        found->fault = opening->fault;
    item_end(&opening->items);
    return error;
}

static int read_it(void *user, bool mend, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found)
{
    struct sealed_store *store = user;
    struct opening opening = opening_of(store, fn, arg);
    int error = store->inner->read(store->inner->user, mend, take_item, &opening, found);

    return end_opening(&opening, error, found);
}

static int look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
                const char **why)
{
    struct sealed_store *store = user;
    struct opening opening = opening_of(store, fn, arg);
    int error = store->inner->look(store->inner->user, take_item, &opening, found, why);

    error = end_opening(&opening, error, found);
    if (error == L2TPHA_ERR_SEAL && opening.fault)
        *why = opening.fault;
    return error;
}

/* --- what the inner store does --- */

static int open_it(void *user, const char **why)
{
    const struct sealed_store *store = user;

    return store->inner->open(store->inner->user, why);
}

static int commit(void *user)
{
    const struct sealed_store *store = user;

    return store->inner->commit(store->inner->user);
}

static bool next_event(void *user, struct l2tpha_store_event *event)
{
    const struct sealed_store *store = user;

    return store->inner->event(store->inner->user, event);
}

static int mark_stale(void *user)
{
    const struct sealed_store *store = user;

    return store->inner->mark_stale(store->inner->user);
}

static int descriptor(void *user)
{
    const struct sealed_store *store = user;

    return store->inner->fd(store->inner->user);
}

static void set_level_min(void *user, uint32_t level_min)
{
    const struct sealed_store *store = user;

    store->inner->set_level_min(store->inner->user, level_min);
}

static const char *note(void *user)
{
    const struct sealed_store *store = user;

    return store->inner->note(store->inner->user);
}

static void free_it(void *user)
{
    struct sealed_store *store = user;

    store->inner->free(store->inner->user);
    for (unsigned i = 0; i < STREAMS; i++)
        item_end(&store->streams[i].items);
    talloc_free(store);
}

/* --- life --- */

static bool can_seal(const struct l2tpha_crypto *crypto)
{
    return crypto->size >= offsetof(struct l2tpha_crypto, open) + sizeof(crypto->open) &&
           crypto->hmac_sha256 && crypto->seal && crypto->open && crypto->wipe;
}

int l2tpha_sealed_store_new(TALLOC_CTX *parent, struct l2tpha_store *inner,
                            const struct l2tpha_sealed_store_options *options,
                            struct l2tpha_store **made)
{
    if (!inner || !made || !options || options->size != sizeof(*options) || !options->crypto ||
        !options->keys || !options->random)
        return L2TPHA_ERR_INVALID;
    if (!can_seal(options->crypto))
        return L2TPHA_ERR_CRYPTO;
    struct sealed_store *store = talloc_zero(parent, struct sealed_store);
    if (!store)
        return L2TPHA_ERR_NOMEM;
    store->inner = inner;
    store->options = *options;
    store->store =
        (struct l2tpha_store){.size = sizeof(store->store),
                              .name = inner->name,
                              .user = store,
                              .open = open_it,
                              .read = read_it,
                              .begin = begin,
                              .append = append,
                              .commit = commit,
                              .event = next_event,
                              .drop = drop,
                              .mark_stale = mark_stale,
                              .fd = descriptor,
                              .free = free_it,
                              .note = inner->note ? note : NULL,
                              .look = inner->look ? look : NULL,
                              .set_level_min = inner->set_level_min ? set_level_min : NULL};
    *made = &store->store;
    return L2TPHA_OK;
}

/* SPDX-License-Identifier: MIT */
#include "state/ledger_bucket.h"

#include "state/ledger_private.h"
#include "state/ledger_stop.h"
#include "state/ledger_write.h"

/* Nothing is marked, not even what may wait for company: a standby would not know of it yet. */
bool ledger_is_level(const struct ledger *ledger, uint32_t id, uint64_t position, uint64_t *number)
{
    const struct cursor *cursor = cursor_of(ledger, id);

    *number = ledger->last;
    return cursor && cursor->state >= CURSOR_ENDED && cursor->position == position &&
           cursor->shipped == ledger->last && !ledger->must_commit && !ledger->increment_open &&
           !ledger->dirty_tunnels && !ledger->dirty_node;
}

bool ledger_differs(struct ledger *ledger, uint32_t id, const char *why)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor || cursor->state != CURSOR_IN_SYNC)
        return false;
    cursor_let_on(cursor, cursor->ungated);
    cursor->state = CURSOR_ENDED;
    cursor->whole = 0;
    cursor->bulk.differs = true;
    ledger_follow(ledger, why);
    return true;
}

bool ledger_is_different(const struct ledger *ledger, uint32_t id)
{
    const struct cursor *cursor = cursor_of(ledger, id);

    return cursor && cursor->state == CURSOR_ENDED && cursor->bulk.differs;
}

void ledger_repaired(struct ledger *ledger, uint32_t id)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!ledger_is_different(ledger, id))
        return;
    cursor->bulk.differs = false;
    cursor->state = CURSOR_IN_SYNC;
    cursor->whole = cursor->acknowledged;
    ledger_follow(ledger, NULL);
}

/* One pass for each kind, since what is written last comes first. */
struct filling {
    struct bucket bucket;
    struct draft *draft;
    bool sessions;
};

static int put(void *user, struct table_item item)
{
    const struct filling *filling = user;

    if (!item.session != !filling->sessions)
        return 0;
    if (item.session)
        return draft_put_session(filling->draft, item.session);
    return item.node ? draft_put_node(filling->draft, item.node)
                     : draft_put_tunnel(filling->draft, item.tunnel, true);
}

static int fill(struct draft *draft, struct ledger *ledger, void *argument)
{
    struct filling filling = {.bucket = *(const struct bucket *)argument, .draft = draft};
    const struct table *table = ledger->options.table;

    filling.sessions = true;
    int error = bucket_walk(table, filling.bucket, put, &filling);
    filling.sessions = false;
    return error ? error : bucket_walk(table, filling.bucket, put, &filling);
}

int ledger_write_bucket(struct ledger *ledger, uint32_t id, struct bucket bucket,
                        struct l2tpha_bytes *data)
{
    struct cursor *cursor = cursor_of(ledger, id);
    struct buffer *blob;

    if (!cursor)
        return L2TPHA_ERR_NOT_FOUND;
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_BULK_PART,
                                              .number = ledger->last,
                                              .generation = cursor->bulk.generation,
                                              .part = cursor->bulk.parts + 1};
    int error = ledger_write(ledger, &header, fill, &bucket, &blob);
    if (error)
        return error;
    cursor->bulk.parts++;
    buffer_put(table_pool(ledger->options.table), ledger->shipping);
    ledger->shipping = blob;
    *data = (struct l2tpha_bytes){blob->data, blob->len};
    return L2TPHA_OK;
}

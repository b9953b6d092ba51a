/* SPDX-License-Identifier: MIT */
/* Duplicates to which a takeover has not come yet. */
#include "dispatch/duplicates.h"

#include "control/duplicate.h"
#include "failover/takeover.h"

/* All of them are live: what a takeover has not come to yet is restored, which may end it. */
struct l2tpha_tunnel *duplicate_first(struct engine *engine, const struct l2tpha_address *remote,
                                      uint32_t id)
{
    struct tunnel_entry *entry = id ? table_tunnel_find_remote(engine->table, remote, id) : NULL;

    while (entry && tunnel_of(entry)->engine)
        entry = table_tunnel_next_duplicate(engine->table, entry);
    if (entry) {
        engine_wake(engine, tunnel_of(entry));
        return duplicate_first(engine, remote, id);
    }
    return id ? duplicate_next_living(engine, table_tunnel_find_remote(engine->table, remote, id))
              : NULL;
}

bool tunnel_has_duplicate(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_tunnel *at =
        duplicate_first(tunnel->engine, &record->path.remote, record->remote_id);

    while (at && (at == tunnel || tunnel_is_over(at)))
        at = duplicate_next(at);
    return at != NULL;
}

/* SPDX-License-Identifier: MIT */
/* Twins to which a takeover has not come yet. */
#include "dispatch/twins.h"

#include "control/twin.h"
#include "failover/takeover.h"

/* All of them are live: what a takeover has not come to yet is restored, which may end it. */
struct l2tpha_tunnel *twin_first(struct engine *engine, const struct l2tpha_address *remote,
                                 uint32_t id)
{
    struct tunnel_entry *entry = id ? table_tunnel_find_remote(engine->table, remote, id) : NULL;

    while (entry && tunnel_of(entry)->engine)
        entry = table_tunnel_next_twin(engine->table, entry);
    if (entry) {
        engine_wake(engine, tunnel_of(entry));
        return twin_first(engine, remote, id);
    }
    return id ? twin_next_living(engine, table_tunnel_find_remote(engine->table, remote, id))
              : NULL;
}

bool tunnel_has_twin(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_tunnel *at =
        twin_first(tunnel->engine, &record->path.remote, record->remote_id);

    while (at && (at == tunnel || tunnel_is_over(at)))
        at = twin_next(at);
    return at != NULL;
}

/* SPDX-License-Identifier: MIT */
#include "state/cursor.h"

#include "base/assert.h"
#include "state/ledger_private.h"

#include <string.h>

struct cursor *cursor_of(const struct ledger *ledger, uint32_t id)
{
    struct cursor *cursor = ledger->cursors;

    while (cursor && cursor->id != id)
        cursor = cursor->next;
    return cursor;
}

void cursor_remove(struct ledger *ledger, struct cursor *cursor)
{
    struct cursor **at = &ledger->cursors;

    while (*at != cursor)
        at = &(*at)->next;
    *at = cursor->next;
    ledger->positions[cursor->id - 1] = cursor->position;
    talloc_free(cursor);
}

uint32_t cursor_find(const struct ledger *ledger, const char *name)
{
    const struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        if (strcmp(cursor->options.name, name) == 0)
            return cursor->id;
    return 0;
}

static int make(struct ledger *ledger, const struct cursor_options *options, struct cursor **made)
{
    uint32_t flights = ledger->options.max_in_flight;
    struct cursor *cursor = talloc_zero(ledger, struct cursor);

    if (!cursor)
        return L2TPHA_ERR_NOMEM;
    cursor->options = *options;
    cursor->options.name = talloc_strdup(cursor, options->name);
    int error = cursor->options.name ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
    if (!error) /* increments, and a copy between them */
        error =
            outbox_new(cursor, sizeof(struct flight),
                       flights > UINT32_MAX - 2 * BULK_PARTS ? flights : flights + 2 * BULK_PARTS,
                       &cursor->flights);
    if (error) {
        talloc_free(cursor);
        return error;
    }
    cursor->why = "new";
    cursor->copy_at = L2TPHA_NEVER;
    *made = cursor;
    return L2TPHA_OK;
}

int cursor_add(struct ledger *ledger, const struct cursor_options *options, uint32_t *id)
{
    struct cursor *cursor, **last = &ledger->cursors;
    uint32_t free = 1;

    if (!options->name || !*options->name)
        return L2TPHA_ERR_INVALID;
    if (cursor_find(ledger, options->name))
        return L2TPHA_ERR_EXISTS;
    while (cursor_of(ledger, free))
        free++;
    if (free > LEDGER_CURSORS)
        return L2TPHA_ERR_LIMIT;
    int error = make(ledger, options, &cursor);
    if (error)
        return error;
    *id = cursor->id = free;
    cursor->position = cursor->confirmed = ledger->positions[free - 1];
    while (*last)
        last = &(*last)->next;
    *last = cursor;
    return L2TPHA_OK;
}

bool cursor_get(const struct ledger *ledger, uint32_t id, struct cursor_info *info)
{
    const struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return false;
    *info = (struct cursor_info){.name = cursor->options.name,
                                 .gates = cursor->options.gates,
                                 .state = cursor->state,
                                 .why = cursor->state == CURSOR_OUT ? cursor->why : "",
                                 .kept = cursor->kept,
                                 .status = cursor->status,
                                 .acknowledged = cursor->acknowledged,
                                 .whole = cursor->whole};
    return true;
}

int cursor_note(struct cursor *cursor, uint64_t number, uint32_t part, bool end, uint64_t now)
{
    int error;
    struct flight *flight = outbox_push(cursor->flights, &error);

    if (!flight)
        return error;
    *flight = (struct flight){.position = ++cursor->position,
                              .number = number,
                              .since = patience_own(&cursor->patience, now),
                              .part = part,
                              .end = end};
    cursor->shipped = number;
    return L2TPHA_OK;
}

bool cursor_is_in_stream(const struct cursor *cursor)
{
    return cursor->state >= CURSOR_COPYING;
}

bool cursor_wants_log(const struct cursor *cursor)
{
    return cursor_is_in_stream(cursor) || cursor->kept;
}

bool cursor_is_waited_for(const struct cursor *cursor)
{
    return cursor->holds || (cursor->options.gates && cursor->state >= CURSOR_ENDED);
}

void cursor_let_on(struct cursor *cursor, uint64_t number)
{
    cursor->ungated = cursor->holds ? cursor_known(cursor) : number;
}

int cursor_hold(struct ledger *ledger, uint32_t id, bool holds)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return L2TPHA_ERR_NOT_FOUND;
    if (!cursor->options.gates)
        return L2TPHA_ERR_INVALID;
    if (cursor->state < CURSOR_ENDED && !cursor->holds)
        cursor->ungated = ledger->last;
    cursor->holds = holds;
    return L2TPHA_OK;
}

uint64_t cursor_known(const struct cursor *cursor)
{
    uint64_t has = cursor->holds ? cursor->whole : cursor->acknowledged;

    return has > cursor->ungated ? has : cursor->ungated;
}

bool cursor_has_room(const struct cursor *cursor)
{
    return outbox_room(cursor->flights) >= 1;
}

/* SPDX-License-Identifier: MIT */
#include "retry.h"

#include <sys/random.h>

#define MS_PER_S UINT64_C(1000)
#define US_PER_MS UINT64_C(1000)

uint64_t retry_pause_us(uint32_t first_s, uint32_t failures, uint32_t chance)
{
    uint64_t most = first_s > RETRY_PAUSE_MAX_S ? first_s : RETRY_PAUSE_MAX_S;
    uint64_t pause = first_s;
    for (; failures > 0 && pause < most; failures--)
        pause *= 2;
    pause = (pause < most ? pause : most) * MS_PER_S;
    return (pause + (pause / 2 * chance >> 32)) * US_PER_MS;
}

/* Where chance cannot be had, there is no spread. */
static uint32_t draw(void)
{
    uint32_t chance = 0;
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
        chance = 0;
    return chance;
}

static void put(struct retry_line *line, size_t place, struct retry *retry)
{
    line->heap[place - 1] = retry;
    retry->place = place;
}

/* From a place that is free: up to where what is above is due no later... */
static void rise(struct retry_line *line, size_t place, struct retry *retry)
{
    while (place > 1 && line->heap[place / 2 - 1]->at > retry->at) {
        put(line, place, line->heap[place / 2 - 1]);
        place /= 2;
    }
    put(line, place, retry);
}

/* ... or down to where what is below is due no earlier. */
static void sink(struct retry_line *line, size_t place, struct retry *retry)
{
    for (size_t next; (next = 2 * place) <= line->count; place = next) {
        if (next < line->count && line->heap[next]->at < line->heap[next - 1]->at)
            next++;
        if (line->heap[next - 1]->at >= retry->at)
            break;
        put(line, place, line->heap[next - 1]);
    }
    put(line, place, retry);
}

void retry_later(TALLOC_CTX *parent, struct retry_line *line, struct retry *retry, uint32_t first_s,
                 uint64_t now)
{
    size_t room = talloc_array_length(line->heap);
    if (retry->place != 0)
        return;
    if (line->count == room)
        line->heap = talloc_realloc(parent, line->heap, struct retry *, 2 * room + 16);
    retry->at = now + retry_pause_us(first_s, retry->failures, draw());
    retry->failures += retry->failures < UINT32_MAX;
    rise(line, ++line->count, retry);
}

void retry_cancel(struct retry_line *line, struct retry *retry)
{
    size_t place = retry->place;
    if (place == 0)
        return;
    retry->place = 0;
    struct retry *last = line->heap[--line->count];
    if (last == retry)
        return;
    if (place > 1 && line->heap[place / 2 - 1]->at > last->at)
        rise(line, place, last);
    else
        sink(line, place, last);
}

void *retry_due(struct retry_line *line, uint64_t now)
{
    if (line->count == 0 || line->heap[0]->at > now)
        return NULL;
    struct retry *first = line->heap[0];
    retry_cancel(line, first);
    return first->owner;
}

uint64_t retry_deadline(const struct retry_line *line)
{
    return line->count > 0 ? line->heap[0]->at : UINT64_MAX;
}

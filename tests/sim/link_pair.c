/* SPDX-License-Identifier: MIT */
#include "sim/link_pair.h"

#include <stdlib.h>

struct fake active, standby;
uint8_t *checkpoint;

static enum l2tpha_role fake_role(void *user)
{
    return ((struct fake *)user)->role;
}

static uint64_t fake_epoch(void *user)
{
    return ((struct fake *)user)->epoch;
}

static uint64_t fake_last(void *user)
{
    return ((struct fake *)user)->last;
}

void linked_make(struct fake *fake, enum fake_kind kind)
{
    ck_assert_uint_lt(fake->count, TO_SEND_MAX);
    fake->kinds[fake->count] = kind;
    fake->to_send[fake->count++] = ++fake->last;
}

static int fake_bulk(void *user, uint64_t now)
{
    struct fake *fake = user;

    (void)now;
    if (fake->bulk_error)
        return fake->bulk_error;
    fake->bulks++;
    fake->role = L2TPHA_ROLE_ACTIVE_BULK;
    linked_make(fake, BEGIN);
    linked_make(fake, INCREMENT);
    linked_make(fake, END);
    fake->copy_end = fake->last;
    return 0;
}

static int fake_done(void *user, uint64_t position, int status, uint64_t now)
{
    struct fake *fake = user;
    uint64_t number = position <= fake->given ? fake->numbers[position] : 0;

    (void)now;
    ck_assert_uint_le(position, fake->given);
    if (fake->done_error)
        return fake->done_error;
    fake->status = status;
    if (status) {
        fake->role = L2TPHA_ROLE_ACTIVE_SOLO;
        return 0;
    }
    ck_assert_uint_gt(number, fake->confirmed);
    fake->confirmed = number;
    if (number >= fake->copy_end)
        fake->role = L2TPHA_ROLE_ACTIVE;
    return 0;
}

size_t linked_checkpoint_len(uint64_t number)
{
    return 9 + (size_t)(number * 2654435761u % PART_BYTES);
}

static int fake_apply(void *user, uint64_t epoch, const uint8_t *data, size_t len, uint64_t now,
                      uint64_t *number)
{
    struct fake *fake = user;
    struct reader in = reader_over(data, len);
    uint64_t found = read_u64(&in);
    uint8_t kind = read_u8(&in), damage = 0;

    (void)now, (void)epoch;
    if (fake->apply_error)
        return fake->apply_error;
    if (in.error)
        return L2TPHA_ERR_RECORD;
    ck_assert_uint_eq(len, linked_checkpoint_len(found));
    for (size_t i = 9; i < len; i++)
        damage |= data[i] ^ (uint8_t)(found + i);
    ck_assert_uint_eq(damage, 0);
    if (kind != BEGIN && (found != fake->last + 1 || fake->role == L2TPHA_ROLE_OUT_OF_SYNC)) {
        fake->role = L2TPHA_ROLE_OUT_OF_SYNC;
        return L2TPHA_ERR_GAP;
    }
    fake->last = *number = found;
    fake->epoch = active.epoch;
    if (kind != INCREMENT)
        fake->role = kind == BEGIN ? L2TPHA_ROLE_STANDBY_BULK : L2TPHA_ROLE_STANDBY_HOT;
    return 0;
}

static void fake_leave(void *user, bool stop, uint64_t now)
{
    struct fake *fake = user;

    (void)now;
    if (!stop)
        return;
    fake->stops++;
    fake->role = L2TPHA_ROLE_ACTIVE_SOLO;
}

static int fake_fence(void *user, uint64_t epoch, uint64_t now)
{
    struct fake *fake = user;

    (void)now;
    ck_assert_uint_gt(epoch, fake->epoch);
    if (fake->fence_error)
        return fake->fence_error;
    fake->fenced_by = epoch;
    fake->role = L2TPHA_ROLE_FENCED;
    return 0;
}

static uint32_t fake_rank(void *user)
{
    return ((struct fake *)user)->rank;
}

static uint32_t fake_level(void *user)
{
    return ((struct fake *)user)->level;
}

static void fake_meets(void *user, uint32_t level, bool ungated)
{
    ((struct fake *)user)->meets = level;
    ((struct fake *)user)->ungated = ungated;
}

static void fake_met(void *user, uint64_t epoch)
{
    ((struct fake *)user)->met = epoch;
}

static uint64_t fake_present(void *user, bool away, uint64_t until, uint64_t now)
{
    struct fake *fake = user;

    ck_assert_uint_ge(until, now);
    fake->aways += away;
    return fake->absences += away;
}

static void fake_unheard(void *user, uint64_t since, uint64_t now)
{
    struct fake *fake = user;

    ck_assert_uint_le(since, now);
    fake->unheards++;
    if (fake->role == L2TPHA_ROLE_STANDBY_HOT)
        fake->role = L2TPHA_ROLE_UNHEARD;
}

static void fake_heard(void *user, uint64_t now)
{
    struct fake *fake = user;

    (void)now;
    fake->heards++;
    if (fake->role == L2TPHA_ROLE_UNHEARD)
        fake->role = L2TPHA_ROLE_STANDBY_HOT;
}

static void fake_cut(void *user, uint64_t since, uint64_t now)
{
    struct fake *fake = user;

    ck_assert_uint_le(since, now);
    fake->cuts++;
    if (fake->role == L2TPHA_ROLE_STANDBY_HOT || fake->role == L2TPHA_ROLE_UNHEARD)
        fake->role = L2TPHA_ROLE_CUT_OFF;
}

static bool fake_hand(void *user, uint64_t now)
{
    (void)now;
    return ((const struct fake *)user)->role == L2TPHA_ROLE_ACTIVE;
}

static void fake_resume(void *user, uint64_t now)
{
    (void)now;
    ((struct fake *)user)->resumes++;
}

static int fake_resume_copy(void *user, uint64_t copy, uint64_t last, uint64_t now)
{
    (void)user, (void)copy, (void)last, (void)now;
    return L2TPHA_ERR_NOT_FOUND;
}

static uint64_t fake_whole(void *user)
{
    (void)user;
    return 0;
}

static uint32_t fake_consumer(void *user)
{
    (void)user;
    return 1;
}

static bool fake_listens(void *user)
{
    return ((const struct fake *)user)->role != L2TPHA_ROLE_ACTIVE_SOLO;
}

static bool fake_in_sync(void *user)
{
    return ((const struct fake *)user)->role == L2TPHA_ROLE_ACTIVE;
}

struct link_ops linked_ops(struct fake *fake)
{
    return (struct link_ops){.user = fake,
                             .digests = fake->digests,
                             .serializer = {(const uint8_t *)"fake", 4},
                             .role = fake_role,
                             .rank = fake_rank,
                             .level = fake_level,
                             .meets = fake_meets,
                             .epoch = fake_epoch,
                             .last = fake_last,
                             .met = fake_met,
                             .copy = fake_bulk,
                             .done = fake_done,
                             .consumer = fake_consumer,
                             .resume_copy = fake_resume_copy,
                             .whole = fake_whole,
                             .listens = fake_listens,
                             .in_sync = fake_in_sync,
                             .apply = fake_apply,
                             .leave = fake_leave,
                             .fence = fake_fence,
                             .present = fake_present,
                             .unheard = fake_unheard,
                             .heard = fake_heard,
                             .cut = fake_cut,
                             .hand = fake_hand,
                             .resume = fake_resume};
}

/* --- the pipe --- */

void linked_open_end(struct fake *fake, const struct l2tpha_link_options *options)
{
    struct link_ops ops = linked_ops(fake);
    assert_ok(link_new(root, &ops, options, 0, &fake->link));
}

void linked_open(void)
{
    linked_open_end(&active, NULL);
    linked_open_end(&standby, NULL);
}

int linked_send_one(struct fake *fake, uint64_t number, enum fake_kind kind, uint64_t now)
{
    struct writer out = writer_over(checkpoint, PART_BYTES + 9);

    write_u64(&out, number);
    write_u8(&out, (uint8_t)kind);
    for (size_t i = 9; i < linked_checkpoint_len(number); i++)
        checkpoint[i] = (uint8_t)(number + i);
    ck_assert_uint_lt(fake->given + 1, POSITIONS);
    fake->numbers[++fake->given] = number;
    int error =
        l2tpha_link_send(fake->link, fake->given, checkpoint, linked_checkpoint_len(number), now);
    fake->given -= error != 0;
    return error;
}

void linked_send(struct fake *fake, uint64_t now)
{
    for (size_t i = 0; i < fake->count; i++)
        assert_ok(linked_send_one(fake, fake->to_send[i], fake->kinds[i], now));
    fake->count = 0;
}

bool linked_carry(struct fake *from, struct fake *to, size_t most, uint64_t now, int *error)
{
    const uint8_t *data;
    size_t len = l2tpha_link_poll(from->link, &data, now);

    len = len < most ? len : most;
    if (len == 0)
        return false;
    int got = l2tpha_link_feed(to->link, data, len, now);
    if (got && error)
        *error = got;
    ck_assert(got == 0 || error);
    l2tpha_link_sent(from->link, len);
    return true;
}

size_t linked_piece(size_t most)
{
    return rand() % 4 ? 1 + (size_t)rand() % most : 1 + (size_t)rand() % 16;
}

void linked_run(uint64_t now, int *active_error, int *standby_error)
{
    bool moved;

    do {
        if (!active_error)
            linked_send(&active, now);
        moved = linked_carry(&active, &standby, linked_piece(9000), now, standby_error);
        moved |= linked_carry(&standby, &active, linked_piece(60), now, active_error);
    } while (moved || (!active_error && active.count > 0));
}

void linked_sync(void)
{
    linked_open();
    linked_run(0, NULL, NULL);
    ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_STANDBY_HOT);
}

struct l2tpha_link_info linked_info(const struct fake *fake)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    l2tpha_link_get(fake->link, &info);
    return info;
}

void linked_setup(void)
{
    fixture_setup();
    srand(42);
    active = (struct fake){.role = L2TPHA_ROLE_ACTIVE_SOLO, .epoch = 5, .rank = L2TPHA_RANK_NONE};
    standby = (struct fake){.role = L2TPHA_ROLE_STANDBY_COLD, .rank = L2TPHA_RANK_NONE};
    checkpoint = talloc_array(root, uint8_t, PART_BYTES + 9);
}

void linked_teardown(void)
{
    l2tpha_link_free(active.link, 0);
    l2tpha_link_free(standby.link, 0);
    talloc_free(checkpoint);
    fixture_teardown();
}

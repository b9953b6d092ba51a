/* SPDX-License-Identifier: MIT */
#include "store/file_kind.h"

#include "fixture.h"
#include "store/fake_disk.h"
#include "store/file_store.h"

static struct fake_disk fake;
static struct disk disks[STORES];
static struct fake_worker workers[STORES];

void file_kind_begin(void)
{
    fake_disk_init(&fake, root, 1);
}

void file_kind_end(void)
{
    fake_disk_free(&fake);
}

static void leave_locked(void *user)
{
    (void)user;
}

/* Whoever comes while another one has the lock lets go of nothing. */
int file_kind_make(unsigned process, struct l2tpha_store **store)
{
    disks[process] = fake_disk_of(&fake);
    if (fake.locked)
        disks[process].free = leave_locked;
    struct worker worker = fake_worker_of(&workers[process], &disks[process]);
    return file_store_new(root, &disks[process], &worker, store);
}

bool file_kind_turn(unsigned process)
{
    return fake_worker_step(&workers[process]) || workers[process].done;
}

void file_kind_kill(unsigned process, bool power)
{
    workers[process].job = NULL;
    if (power)
        fake_disk_cut(&fake);
    else
        fake_disk_killed(&fake);
}

uint32_t file_kind_copies(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fake.count; i++)
        count += fake.files[i].there;
    return count;
}

void file_kind_spoil(uint64_t number)
{
    struct fake_file *file = fake_disk_newest(&fake);
    size_t at = SEGMENT_HEADER;

    while (--number > 0)
        at += segment_item_size((size_t)file->cache[at + 2] << 8 | file->cache[at + 3]);
    file->cache[at + SEGMENT_ITEM_HEAD] ^= 1;
}

/* What is there may be changed, and grows no more. */
void file_kind_fill(bool full)
{
    fake.room = full ? 1 : 0;
}

uint64_t file_kind_state(void)
{
    return fake.calls;
}

const struct kind kind_file = {FILE_KIND, .begin = file_kind_begin, .end = file_kind_end,
                               .make = file_kind_make};

/* SPDX-License-Identifier: MIT */
#include "store/fake_disk.h"

#include "fixture.h"

#include <string.h>

#define SECTOR 512

uint32_t fake_disk_random(struct fake_disk *fake, uint32_t below)
{
    fake->seed = fake->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(fake->seed >> 33) % below;
}

static struct fake_file *find(struct fake_disk *fake, uint64_t number)
{
    for (uint32_t i = 0; i < fake->count; i++)
        if (fake->files[i].there && fake->files[i].number == number)
            return &fake->files[i];
    return NULL;
}

/* --- faults --- */

static bool fails(struct fake_disk *fake)
{
    uint64_t call = ++fake->calls;

    return fake->fail_at && call >= fake->fail_at &&
           (!fake->fail_for || call < fake->fail_at + fake->fail_for);
}

static uint64_t used(const struct fake_disk *fake)
{
    uint64_t octets = 0;

    for (uint32_t i = 0; i < fake->count; i++)
        if (fake->files[i].there)
            octets += fake->files[i].len;
    return octets;
}

/* --- calls --- */

static void clear(struct fake_file *file)
{
    talloc_free(file->cache);
    talloc_free(file->disk);
    talloc_free(file->dirty);
}

static int lock(void *user, const char **why)
{
    struct fake_disk *fake = user;

    *why = "another process has it";
    if (fake->locked)
        return L2TPHA_ERR_EXISTS;
    fake->locked = true;
    return L2TPHA_OK;
}

static int look(void *user, const char **why)
{
    (void)user, (void)why;
    return L2TPHA_OK;
}

static int list(void *user, uint64_t *numbers, uint32_t most, uint32_t *count)
{
    struct fake_disk *fake = user;

    *count = 0;
    for (uint32_t i = 0; i < fake->count; i++) {
        if (!fake->files[i].there)
            continue;
        if (*count < most)
            numbers[*count] = fake->files[i].number;
        ++*count;
    }
    return L2TPHA_OK;
}

/* A place that no file has any more, on the disk either. */
static struct fake_file *new_file(struct fake_disk *fake)
{
    struct fake_file *file = fake->files;

    while (file < fake->files + fake->count && (file->there || file->durably))
        file++;
    assert_true(file < fake->files + FAKE_FILES);
    if (file == fake->files + fake->count)
        fake->count++;
    else
        clear(file);
    *file = (struct fake_file){0};
    return file;
}

static int open_file(void *user, uint64_t number, bool make, int *file)
{
    struct fake_disk *fake = user;
    struct fake_file *found = find(fake, number);

    if (make) {
        if (fails(fake))
            return L2TPHA_ERR_HOST;
        assert_true(!found);
        found = new_file(fake);
        found->number = number;
        found->there = true;
    }
    if (!found)
        return L2TPHA_ERR_HOST;
    *file = (int)(found - fake->files);
    return L2TPHA_OK;
}

static void close_file(void *user, int file)
{
    (void)user, (void)file;
}

static int64_t read_file(void *user, int file, uint64_t at, uint8_t *dst, size_t len)
{
    const struct fake_disk *fake = user;
    const struct fake_file *found = &fake->files[file];

    if (at >= found->len)
        return 0;
    if (len > found->len - at)
        len = found->len - at;
    memcpy(dst, found->cache + at, len);
    return (int64_t)len;
}

static void grow(struct fake_disk *fake, struct fake_file *file, size_t len)
{
    size_t room = file->room;

    if (len <= room)
        return;
    room = (len + (1 << 20)) / SECTOR * SECTOR;
    file->cache = talloc_realloc_size(fake->parent, file->cache, room);
    file->disk = talloc_realloc_size(fake->parent, file->disk, room);
    file->dirty = talloc_realloc_size(fake->parent, file->dirty, room / SECTOR);
    memset(file->cache + file->room, 0, room - file->room);
    memset(file->disk + file->room, 0, room - file->room);
    memset(file->dirty + file->room / SECTOR, 0, (room - file->room) / SECTOR);
    file->room = room;
}

static int write_file(void *user, int number, uint64_t at, const uint8_t *src, size_t len)
{
    struct fake_disk *fake = user;
    struct fake_file *file = &fake->files[number];
    size_t end = (size_t)at + len;

    if (fails(fake))
        return L2TPHA_ERR_HOST;
    if (fake->room && end > file->len && used(fake) + end - file->len > fake->room)
        return L2TPHA_ERR_LIMIT;
    grow(fake, file, end);
    memcpy(file->cache + at, src, len);
    memset(file->dirty + at / SECTOR, 1, (end + SECTOR - 1) / SECTOR - at / SECTOR);
    file->len = end > file->len ? end : file->len;
    return L2TPHA_OK;
}

static void store_sector(struct fake_file *file, size_t sector)
{
    memcpy(file->disk + sector * SECTOR, file->cache + sector * SECTOR, SECTOR);
    file->dirty[sector] = 0;
}

static int sync_file(void *user, int number)
{
    struct fake_disk *fake = user;
    struct fake_file *file = &fake->files[number];
    bool fail = fails(fake);

    for (size_t sector = 0; sector < file->room / SECTOR; sector++) {
        if (file->dirty[sector] != 1)
            continue;
        if (!fail || fake_disk_random(fake, 2))
            store_sector(file, sector);
        else
            file->dirty[sector] = 2;
    }
    if (fail)
        return L2TPHA_ERR_HOST;
    file->disk_len = file->len;
    return L2TPHA_OK;
}

static int remove_file(void *user, uint64_t number)
{
    struct fake_disk *fake = user;
    struct fake_file *file = find(fake, number);

    if (fails(fake))
        return L2TPHA_ERR_HOST;
    if (file)
        file->there = false;
    return L2TPHA_OK;
}

static int sync_directory(void *user)
{
    struct fake_disk *fake = user;

    if (fails(fake))
        return L2TPHA_ERR_HOST;
    for (uint32_t i = 0; i < fake->count; i++)
        fake->files[i].durably = fake->files[i].there;
    return L2TPHA_OK;
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    while (len-- > 0)
        *dst++ = (uint8_t)fake_disk_random(user, 256);
    return L2TPHA_OK;
}

static void let_go(void *user)
{
    struct fake_disk *fake = user;

    fake->locked = false;
}

/* --- life --- */

void fake_disk_init(struct fake_disk *fake, TALLOC_CTX *parent, uint64_t seed)
{
    *fake = (struct fake_disk){.parent = parent, .seed = seed};
}

void fake_disk_free(struct fake_disk *fake)
{
    for (uint32_t i = 0; i < fake->count; i++)
        clear(&fake->files[i]);
    fake->count = 0;
}

struct disk fake_disk_of(struct fake_disk *fake)
{
    return (struct disk){.user = fake,
                         .lock = lock,
                         .look = look,
                         .list = list,
                         .open = open_file,
                         .close = close_file,
                         .read = read_file,
                         .write = write_file,
                         .sync = sync_file,
                         .remove = remove_file,
                         .sync_directory = sync_directory,
                         .random = draw,
                         .free = let_go};
}

void fake_disk_killed(struct fake_disk *fake)
{
    fake->locked = false;
}

static void tear(struct fake_disk *fake, struct fake_file *file)
{
    bool grown = file->len != file->disk_len && fake_disk_random(fake, 2) == 0;

    for (size_t sector = 0; sector < file->room / SECTOR; sector++) {
        if (file->dirty[sector] == 1 && fake_disk_random(fake, 2))
            store_sector(file, sector);
        file->dirty[sector] = 0;
    }
    file->len = grown ? file->len : file->disk_len;
    if (file->room == 0)
        return;
    memcpy(file->cache, file->disk, file->room);
    memset(file->cache + file->len, 0, file->room - file->len);
}

void fake_disk_cut(struct fake_disk *fake)
{
    fake->locked = false;
    for (uint32_t i = 0; i < fake->count; i++) {
        struct fake_file *file = &fake->files[i];
        if (file->there != file->durably && fake_disk_random(fake, 2))
            file->there = file->durably;
        file->durably = file->there;
        tear(fake, file);
    }
}

struct fake_file *fake_disk_newest(struct fake_disk *fake)
{
    struct fake_file *newest = NULL;

    for (uint32_t i = 0; i < fake->count; i++)
        if (fake->files[i].there && (!newest || fake->files[i].number > newest->number))
            newest = &fake->files[i];
    return newest;
}

/* --- the worker --- */

static void start(void *user, struct job *job)
{
    struct fake_worker *fake = user;

    assert_true(!fake->job);
    fake->job = job;
    fake->step = 0;
    fake->done = false;
    fake->jobs++;
}

static bool finished(void *user)
{
    struct fake_worker *fake = user;

    if (!fake->done)
        return false;
    fake->done = false;
    return true;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static void end(void *user)
{
    struct fake_worker *fake = user;

    fake->job = NULL;
}

struct worker fake_worker_of(struct fake_worker *fake, const struct disk *disk)
{
    *fake = (struct fake_worker){.disk = disk};
    return (struct worker){
        .user = fake, .start = start, .finished = finished, .fd = descriptor, .free = end};
}

bool fake_worker_step(struct fake_worker *fake)
{
    if (!fake->job)
        return false;
    if (!job_step(fake->job, fake->disk, fake->step++)) {
        fake->job = NULL;
        fake->done = true;
    }
    return true;
}

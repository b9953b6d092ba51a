/* SPDX-License-Identifier: MIT */
/* Memory as a tree, for builds without libtalloc. A block is one stretch of malloc's: a head, then
 * what the caller has. Freeing and walking go by the pointers of the tree and do not recurse, so no
 * depth is too much for the stack. */
#include <talloc.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* What a block's head says, so that most pointers to anything else are refused. */
enum state {
    LIVE = 0x4c324d31,
    BUSY,  /* its destructor runs, or what it owns is being freed: it can neither go nor move */
    GOING, /* its destructor has been called */
    FREED
};

struct block {
    alignas(max_align_t) struct block *parent;
    struct block *child; /* the youngest */
    struct block *next;  /* of the same parent, older */
    struct block *prev;
    const char *name;
    l2tpha_talloc_destructor destructor;
    size_t size;
    size_t limit; /* bytes of the blocks from here on down; 0 = none */
    enum state state;
};

static struct block *block_of(const void *data)
{
    if (!data)
        return NULL;
    struct block *block = (struct block *)data - 1;
    return block->state >= LIVE && block->state < FREED ? block : NULL;
}

static void *data_of(struct block *block)
{
    return block ? block + 1 : NULL;
}

/* The next one of a walk from top on down, owners first. Adds to depth. */
static struct block *after(const struct block *top, struct block *block, int *depth)
{
    if (block->child) {
        ++*depth;
        return block->child;
    }
    for (; block != top; block = block->parent, --*depth)
        if (block->next)
            return block->next;
    return NULL;
}

static size_t sum(struct block *top, size_t *blocks)
{
    size_t bytes = 0;
    int depth = 0;

    for (struct block *block = top; block; block = after(top, block, &depth)) {
        bytes += block->size;
        ++*blocks;
    }
    return bytes;
}

/* Whether no limit on the way up is in the way of more bytes. */
static bool fits(struct block *block, size_t more)
{
    size_t blocks = 0;

    for (; block; block = block->parent)
        if (block->limit && sum(block, &blocks) + more > block->limit)
            return false;
    return true;
}

static void take_out(struct block *block)
{
    if (block->prev)
        block->prev->next = block->next;
    else if (block->parent)
        block->parent->child = block->next;
    if (block->next)
        block->next->prev = block->prev;
    block->parent = block->next = block->prev = NULL;
}

static void put_under(struct block *parent, struct block *block)
{
    take_out(block);
    if (!parent)
        return;
    block->parent = parent;
    block->next = parent->child;
    if (block->next)
        block->next->prev = block;
    parent->child = block;
}

static void *make(const void *parent, size_t size, bool zero, const char *name)
{
    struct block *owner = block_of(parent), *fresh;
    if (size >= MAX_TALLOC_SIZE || (parent && !owner) || !fits(owner, size))
        return NULL;

    fresh = zero ? calloc(1, sizeof(*fresh) + size) : malloc(sizeof(*fresh) + size);
    if (!fresh)
        return NULL;
    *fresh = (struct block){.name = name, .size = size, .state = LIVE};
    put_under(owner, fresh);
    return data_of(fresh);
}

static bool too_many(size_t each, size_t count)
{
    return each > 0 && count >= MAX_TALLOC_SIZE / each;
}

void *l2tpha_talloc_named(const void *parent, size_t size, const char *name)
{
    return make(parent, size, false, name);
}

void *l2tpha_talloc_zero(const void *parent, size_t size, const char *name)
{
    return make(parent, size, true, name);
}

void *l2tpha_talloc_array(const void *parent, size_t each, size_t count, const char *name)
{
    return too_many(each, count) ? NULL : make(parent, each * count, false, name);
}

void *l2tpha_talloc_zero_array(const void *parent, size_t each, size_t count, const char *name)
{
    return too_many(each, count) ? NULL : make(parent, each * count, true, name);
}

void *l2tpha_talloc_memdup(const void *parent, const void *data, size_t size, const char *name)
{
    if (!data && size > 0)
        return NULL;
    void *copy = make(parent, size, false, name);
    if (copy && data)
        memcpy(copy, data, size);
    return copy;
}

char *l2tpha_talloc_strdup(const void *parent, const char *text)
{
    return text ? l2tpha_talloc_memdup(parent, text, strlen(text) + 1, "char") : NULL;
}

/* Calls the destructor. Returns whether the block goes. */
static bool goes(struct block *block)
{
    if (block->state != LIVE)
        return false;
    block->state = BUSY;
    if (block->destructor && block->destructor(data_of(block)) == -1) {
        block->state = LIVE;
        return false;
    }
    block->state = GOING;
    return true;
}

/* Leaves first. A destructor may make, free and move other blocks, so each turn looks anew. */
static void clear_away(struct block *top)
{
    struct block *block = top;

    for (;;) {
        struct block *child = block->child, *parent = block->parent;
        if (child && goes(child)) {
            put_under(block, child); /* wherever its destructor has put it */
            block = child;
        } else if (child) {
            if (child->parent == block)
                put_under(NULL, child);
        } else {
            take_out(block);
            block->state = FREED;
            free(block);
            if (block == top)
                return;
            block = parent;
        }
    }
}

static int let_go(struct block *block)
{
    if (!block)
        return -1;
    if (block->state == GOING)
        return 0;
    if (!goes(block))
        return -1;
    put_under(NULL, block);
    clear_away(block);
    return 0;
}

int l2tpha_talloc_free(void *data)
{
    return let_go(block_of(data));
}

void l2tpha_talloc_free_children(void *data)
{
    struct block *block = block_of(data), *child;
    if (!block)
        return;

    enum state state = block->state;
    block->state = state == LIVE ? BUSY : state;
    while ((child = block->child))
        if (let_go(child) < 0 && child->parent == block)
            put_under(block->parent, child);
    block->state = state;
}

void *l2tpha_talloc_realloc(const void *parent, void *data, size_t each, size_t count,
                            const char *name)
{
    struct block *block = block_of(data), *moved;
    if (!data)
        return l2tpha_talloc_array(parent, each, count, name);
    if (!block || block->state != LIVE || too_many(each, count))
        return NULL;
    size_t size = each * count;
    if (size == 0) {
        let_go(block);
        return NULL;
    }
    if (size > block->size && !fits(block, size - block->size))
        return NULL;

    moved = realloc(block, sizeof(*moved) + size);
    if (!moved)
        return NULL;
    moved->size = size;
    moved->name = name;
    if (moved->prev)
        moved->prev->next = moved;
    else if (moved->parent)
        moved->parent->child = moved;
    if (moved->next)
        moved->next->prev = moved;
    for (struct block *child = moved->child; child; child = child->next)
        child->parent = moved;
    return data_of(moved);
}

void *l2tpha_talloc_steal(const void *parent, const void *data)
{
    struct block *block = block_of(data), *owner = block_of(parent);
    if (!block || block->state == GOING || (parent && !owner))
        return NULL;

    for (struct block *up = owner; up; up = up->parent)
        if (up == block)
            return NULL;
    if (block->parent != owner)
        put_under(owner, block);
    return data_of(block);
}

void *l2tpha_talloc_move(const void *parent, void *pointer)
{
    void *data, *moved;

    memcpy(&data, pointer, sizeof(data)); /* the pointer is one to any type */
    moved = l2tpha_talloc_steal(parent, data);
    data = moved ? NULL : data;
    memcpy(pointer, &data, sizeof(data));
    return moved;
}

void *l2tpha_talloc_parent(const void *data)
{
    struct block *block = block_of(data);

    return block ? data_of(block->parent) : NULL;
}

void l2tpha_talloc_set_name(const void *data, const char *name)
{
    struct block *block = block_of(data);
    if (block)
        block->name = name;
}

const char *l2tpha_talloc_get_name(const void *data)
{
    struct block *block = block_of(data);

    return block && block->name ? block->name : "UNNAMED";
}

void l2tpha_talloc_set_destructor(const void *data, l2tpha_talloc_destructor destructor)
{
    struct block *block = block_of(data);
    if (block)
        block->destructor = destructor;
}

size_t l2tpha_talloc_get_size(const void *data)
{
    struct block *block = block_of(data);

    return block ? block->size : 0;
}

size_t l2tpha_talloc_total_size(const void *data)
{
    size_t blocks = 0;

    return sum(block_of(data), &blocks);
}

size_t l2tpha_talloc_total_blocks(const void *data)
{
    size_t blocks = 0;

    (void)sum(block_of(data), &blocks);
    return blocks;
}

int l2tpha_talloc_set_memlimit(const void *data, size_t max_size)
{
    struct block *block = block_of(data);
    if (!block)
        return -1;
    block->limit = max_size;
    return 0;
}

void l2tpha_talloc_report_depth_cb(const void *data, int depth, int max_depth,
                                   l2tpha_talloc_visitor visit, void *user)
{
    struct block *top = block_of(data);

    for (struct block *block = top; block; block = after(top, block, &depth))
        if (max_depth < 0 || depth <= max_depth)
            visit(data_of(block), depth, max_depth, 0, user);
}

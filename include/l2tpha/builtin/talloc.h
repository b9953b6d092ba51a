/* SPDX-License-Identifier: MIT */
/** @file
 *  Memory as a tree, under the names of libtalloc, for a library built with L2TPHA_TALLOC=builtin:
 * what the library and its tests use of them. Each name is a macro for a function of the library's
 * own prefix, so that a program may have libtalloc as well. No block of one goes to the other. */
#ifndef L2TPHA_BUILTIN_TALLOC_H
#define L2TPHA_BUILTIN_TALLOC_H

#ifdef TALLOC_VERSION_MAJOR
#error "libtalloc's talloc.h is included already: leave include/l2tpha/builtin out of the path"
#endif

#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which of the two this is. */
#define L2TPHA_TALLOC_BUILTIN 1

/** A block that owns others. */
typedef void TALLOC_CTX;

/** No block is as large as this, in bytes. */
#define MAX_TALLOC_SIZE 0x10000000

/** What is called when a block goes, before those that it owns; -1: it stays. */
typedef int (*l2tpha_talloc_destructor)(void *block);
/** What a walk calls for each block. */
typedef void (*l2tpha_talloc_visitor)(const void *block, int depth, int max_depth, int is_ref,
                                      void *user);

/* Making: NULL when memory is out, a limit is met, or the parent is no block of this allocator. A
 * parent of NULL is allowed: nobody owns the block. Names are borrowed for as long as the block is.
 */

/** A block of so many bytes. */
L2TPHA_API void *l2tpha_talloc_named(const void *parent, size_t size, const char *name);
/** The same, all zero. */
L2TPHA_API void *l2tpha_talloc_zero(const void *parent, size_t size, const char *name);
/** A block of count times each bytes. */
L2TPHA_API void *l2tpha_talloc_array(const void *parent, size_t each, size_t count,
                                     const char *name);
/** The same, all zero. */
L2TPHA_API void *l2tpha_talloc_zero_array(const void *parent, size_t each, size_t count,
                                          const char *name);
/** Another size for a block, which may move; what it owns stays its own. NULL: it is as it was. No
 *  block: one is made. Nothing of it: it is freed. */
L2TPHA_API void *l2tpha_talloc_realloc(const void *parent, void *block, size_t each, size_t count,
                                       const char *name);
/** A copy of bytes; NULL for bytes of NULL. */
L2TPHA_API void *l2tpha_talloc_memdup(const void *parent, const void *data, size_t size,
                                      const char *name);
/** A copy of a string; NULL for NULL. */
L2TPHA_API char *l2tpha_talloc_strdup(const void *parent, const char *text);

/** Free a block and all that it owns, the youngest first. 0, or -1: NULL, or its destructor keeps
 * it. Owned blocks whose destructors keep them are nobody's from then on. */
L2TPHA_API int l2tpha_talloc_free(void *block);
/** Free all that a block owns. What is kept by its destructor goes to the owner of the block. */
L2TPHA_API void l2tpha_talloc_free_children(void *block);

/** Give a block to another owner. Returns it, or NULL: nothing given, or the new owner is the block
 *  itself or owned by it. */
L2TPHA_API void *l2tpha_talloc_steal(const void *parent, const void *block);
/** The same for what a pointer points at; it is NULL then. */
L2TPHA_API void *l2tpha_talloc_move(const void *parent, void *pointer);
/** Who owns a block; NULL = nobody. */
L2TPHA_API void *l2tpha_talloc_parent(const void *block);

/** Set the name of a block. */
L2TPHA_API void l2tpha_talloc_set_name(const void *block, const char *name);
/** Name of a block. */
L2TPHA_API const char *l2tpha_talloc_get_name(const void *block);
/** Set what is called when a block goes; NULL = nothing. */
L2TPHA_API void l2tpha_talloc_set_destructor(const void *block,
                                             l2tpha_talloc_destructor destructor);
/** Bytes of a block; 0 for NULL. */
L2TPHA_API size_t l2tpha_talloc_get_size(const void *block);

/** Bytes of a block and of all below it. */
L2TPHA_API size_t l2tpha_talloc_total_size(const void *block);
/** Number of blocks: this one and all below it. */
L2TPHA_API size_t l2tpha_talloc_total_blocks(const void *block);
/** How many bytes these may be at most; 0 = as many as there are. 0, or -1: no such block. */
L2TPHA_API int l2tpha_talloc_set_memlimit(const void *block, size_t max_size);
/** Visit a block and all below it, owners first, down to a depth; -1 = all. */
L2TPHA_API void l2tpha_talloc_report_depth_cb(const void *block, int depth, int max_depth,
                                              l2tpha_talloc_visitor visit, void *user);

#define L2TPHA_TALLOC_TEXT_(line) #line
#define L2TPHA_TALLOC_TEXT(line) L2TPHA_TALLOC_TEXT_(line)
#define L2TPHA_TALLOC_PLACE __FILE__ ":" L2TPHA_TALLOC_TEXT(__LINE__)

#define talloc(parent, type) ((type *)l2tpha_talloc_named((parent), sizeof(type), #type))
#define talloc_zero(parent, type) ((type *)l2tpha_talloc_zero((parent), sizeof(type), #type))
#define talloc_size(parent, size) l2tpha_talloc_named((parent), (size), L2TPHA_TALLOC_PLACE)
#define talloc_zero_size(parent, size) l2tpha_talloc_zero((parent), (size), L2TPHA_TALLOC_PLACE)
#define talloc_named_const(parent, size, name) l2tpha_talloc_named((parent), (size), (name))
#define talloc_new(parent) l2tpha_talloc_named((parent), 0, "talloc_new: " L2TPHA_TALLOC_PLACE)
#define talloc_array(parent, type, count)                                                          \
    ((type *)l2tpha_talloc_array((parent), sizeof(type), (count), #type))
#define talloc_zero_array(parent, type, count)                                                     \
    ((type *)l2tpha_talloc_zero_array((parent), sizeof(type), (count), #type))
#define talloc_realloc(parent, block, type, count)                                                 \
    ((type *)l2tpha_talloc_realloc((parent), (block), sizeof(type), (count), #type))
#define talloc_realloc_size(parent, block, size)                                                   \
    l2tpha_talloc_realloc((parent), (block), 1, (size), L2TPHA_TALLOC_PLACE)
#define talloc_memdup(parent, data, size)                                                          \
    l2tpha_talloc_memdup((parent), (data), (size), L2TPHA_TALLOC_PLACE)
#define talloc_strdup(parent, text) l2tpha_talloc_strdup((parent), (text))

#define talloc_free(block) l2tpha_talloc_free(block)
#define TALLOC_FREE(block)                                                                         \
    do {                                                                                           \
        if ((block) != NULL) {                                                                     \
            talloc_free(block);                                                                    \
            (block) = NULL;                                                                        \
        }                                                                                          \
    } while (0)
#define talloc_free_children(block) l2tpha_talloc_free_children(block)
#define talloc_steal(parent, block) l2tpha_talloc_steal((parent), (block))
#define talloc_move(parent, pointer) l2tpha_talloc_move((parent), (pointer))
#define talloc_parent(block) l2tpha_talloc_parent(block)

#define talloc_set_name_const(block, name) l2tpha_talloc_set_name((block), (name))
#define talloc_get_name(block) l2tpha_talloc_get_name(block)
#define talloc_set_destructor(block, destructor)                                                   \
    l2tpha_talloc_set_destructor((block), (l2tpha_talloc_destructor)(destructor))
#define talloc_get_size(block) l2tpha_talloc_get_size(block)
#define talloc_total_size(block) l2tpha_talloc_total_size(block)
#define talloc_total_blocks(block) l2tpha_talloc_total_blocks(block)
#define talloc_set_memlimit(block, max_size) l2tpha_talloc_set_memlimit((block), (max_size))
#define talloc_report_depth_cb(block, depth, max_depth, visit, user)                               \
    l2tpha_talloc_report_depth_cb((block), (depth), (max_depth), (visit), (user))

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
#include "oom.h"

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

static unsigned fail_at, count;

void oom_at(unsigned n)
{
    fail_at = n;
    count = 0;
}

unsigned oom_count(void)
{
    return count;
}

static bool fails(void)
{
    return ++count == fail_at;
}

#ifdef L2TPHA_TALLOC_BUILTIN
void *__real_l2tpha_talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap_l2tpha_talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap_l2tpha_talloc_zero(const void *parent, size_t size, const char *name)
{
    return fails() ? NULL : __real_l2tpha_talloc_zero(parent, size, name);
}

void *__real_l2tpha_talloc_array(const void *parent, size_t each, size_t number, const char *name);
void *__wrap_l2tpha_talloc_array(const void *parent, size_t each, size_t number, const char *name);
void *__wrap_l2tpha_talloc_array(const void *parent, size_t each, size_t number, const char *name)
{
    return fails() ? NULL : __real_l2tpha_talloc_array(parent, each, number, name);
}
#else
void *__real__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name)
{
    return fails() ? NULL : __real__talloc_zero(parent, size, name);
}

void *__real__talloc_array(const void *parent, size_t size, unsigned number, const char *name);
void *__wrap__talloc_array(const void *parent, size_t size, unsigned number, const char *name);
void *__wrap__talloc_array(const void *parent, size_t size, unsigned number, const char *name)
{
    return fails() ? NULL : __real__talloc_array(parent, size, number, name);
}
#endif

/* SPDX-License-Identifier: MIT */
/* What must hold whatever comes from outside. A checked build, as tests and fuzzers have it
 * (L2TPHA_CHECKED), ends where something does not; any other counts it, says so in the log and goes
 * on; one with L2TPHA_UNCHECKED does not look. One that is made for size (-Os) says where, not
 * what: the texts are a twentieth of the library. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/cold.h"
#include "base/log.h"

/* Count it where log says, and log it. NULL: there is no log at hand. */
COLD_PATH void assert_note(const struct log *log, const char *condition);
/* The same by place: file and line. */
COLD_PATH void assert_note_place(const struct log *log, uint32_t place);

#define ASSERT_LINES 1000 /* of a file at most */
#ifndef L2TPHA_FILE       /* number of this file in the build's list, assertions.txt */
#define L2TPHA_FILE 0
#endif
#define ASSERT_PLACE ((uint32_t)(L2TPHA_FILE * ASSERT_LINES + __LINE__))

#if defined(L2TPHA_CHECKED)
/* Say it on stderr and abort. */
_Noreturn void assert_abort(const char *file, int line, const char *condition);
#define ASSERT(log, condition)                                                                     \
    ((condition) ? (void)(log) : assert_abort(__FILE__, __LINE__, #condition))
/* In code that only checked builds have: the files audit.c. */
#define AUDIT(condition) ASSERT(NULL, condition)
/* What every message passes several times is looked at in checked builds alone. */
#define ASSERT_CHECKED(condition) ASSERT(NULL, condition)
#elif defined(L2TPHA_UNCHECKED)
#define ASSERT(log, condition) ((void)(log), (void)(0 && (condition)))
#elif defined(__OPTIMIZE_SIZE__)
#define ASSERT(log, condition)                                                                     \
    (__builtin_expect(!(condition), 0) ? assert_note_place(log, ASSERT_PLACE) : (void)0)
#elif defined(__GNUC__)
#define ASSERT(log, condition)                                                                     \
    (__builtin_expect(!(condition), 0) ? assert_note(log, #condition) : (void)0)
#else
#define ASSERT(log, condition) ((condition) ? (void)0 : assert_note(log, #condition))
#endif

#ifndef ASSERT_CHECKED
#define ASSERT_CHECKED(condition) ((void)(0 && (condition)))
#endif

#endif

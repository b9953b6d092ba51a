/* SPDX-License-Identifier: MIT */
/* Lines for whoever started the process, on stdout: they, too, never wait. There is one stdout, so
 * there is one of this. */
#ifndef EXAMPLES_TELL_H
#define EXAMPLES_TELL_H

#include <l2tpha/types.h>
#include <stdio.h>
#include <tevent.h>

/* Until this is called, nothing is told. */
void tell_open(void);
void tell_watch(struct tevent_context *ev); /* NULL: the loop ends */
void tell_close(void);                      /* waits for a reader, but not for long */

/* A line. */
void tell(const char *format, ...) L2TPHA_PRINTF(1, 2);

/* The role that the node has now. Whoever reaches --ha-listen may have it change without end, so of
 * more than so many within a second only the last is told, once that is over. */
#define TELL_ROLES_PER_S 20
void tell_role(const char *role, uint64_t now); /* static text; NULL: the one that waits */
uint64_t tell_role_deadline(void);              /* when to call that; UINT64_MAX = none waits */

/* The same as a stream, for what is made of many pieces. */
FILE *tell_stream(void);

/* Lines that were lost. */
uint64_t tell_lost(void);

#endif

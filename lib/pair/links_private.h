/* SPDX-License-Identifier: MIT */
/* What the files of the links share. */
#ifndef PAIR_LINKS_PRIVATE_H
#define PAIR_LINKS_PRIVATE_H

#include "links.h"
#include "listener.h"
#include "others.h"
#include "refusal.h"

struct stream;

struct links {
    struct l2tpha_pair *pair;
    struct listener listener;
    struct stream *streams;
    struct stream *ended; /* to be freed when nobody looks at them */
    bool connect;         /* keep trying */
    unsigned at;          /* which of the others is tried next */
    unsigned tries;       /* to connect, since hellos were exchanged last */
    uint64_t retry_at;    /* when to connect; L2TPHA_NEVER = not waiting for a try */
    struct attempt {
        int refusal;           /* errno; 0 = it went well, or none was made */
        struct other_node met; /* since it was looked at last */
    } attempts[OTHERS_MAX];    /* at each of the others */
    struct refusals refusals;
};

/* The stream that counts. At a standby that of the active; at an active that of the standby that is
 * handed over to, or would be. */
struct stream *links_current(const struct links *links);
/* Its link; NULL = there is none. */
struct l2tpha_link *links_current_link(const struct links *links);
/* Connect, if that is wanted. */
void links_try_connect(struct links *links);
/* That came to nothing: errno. */
void links_note_refusal(struct links *links, unsigned which, int error);
/* Nobody looks at them any more. */
void links_free_ended(struct links *links);

#endif

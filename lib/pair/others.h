/* SPDX-License-Identifier: MIT */
/* The other nodes of the endpoint, and where each is found when it serves. */
#ifndef PAIR_OTHERS_H
#define PAIR_OTHERS_H

#include "address.h"

#define OTHERS_MAX 5 /* and a store has two consumers of eight */

struct other {
    struct endpoint endpoint;
    bool far; /* nobody waits for it */
};

struct others {
    struct other list[OTHERS_MAX];
    unsigned count;
};

#define OTHERS_NONE OTHERS_MAX

/* More of them: unix:PATH, one for all, or tcp:ADDR:PORT[,tcp:ADDR:PORT...]. NULL, or what is
 * wrong.
 */
const char *others_add(struct others *others, const char *text, bool far);

bool others_are_beyond_loopback(const struct others *others);

/* Which of them lives at this address, whatever its port; OTHERS_NONE: that is not known. */
unsigned others_at(const struct others *others, const struct sockaddr_storage *socket);

#endif

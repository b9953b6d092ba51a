/* SPDX-License-Identifier: MIT */
/* How often a line of one kind is written. Anybody can send what makes a line, as fast as the
 * network carries it, so what comes faster is left out and counted, and the log says how many that
 * were. A kind is a format or the name of an event, known by its address.
 *
 * Lines about tunnels that the host was told of do not share with others: strangers do not take
 * their places. They may come far faster, and those about different tunnels hardly share. */
#ifndef EXAMPLES_LOG_LIMIT_H
#define EXAMPLES_LOG_LIMIT_H

#include <l2tpha/host.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#define LOG_STRANGE_PER_S 20 /* lines of a kind, and as many at once */
#define LOG_KNOWN_PER_S 200
#define LOG_KNOWN_AT_ONCE 1000
#define LOG_KNOWN_PLACES 16 /* tunnels whose ids are equal modulo this share */
#define LOG_TELL_US 1000000 /* from the first that is left out until that is said */

struct log_limit;

struct log_left_out {
    enum l2tpha_log_category category;
    const char *kind;
    uint64_t lines;
};

struct log_limit *log_limit_new(TALLOC_CTX *parent);

/* Whether this line may be written now, in microseconds. tunnel_id: of a tunnel that the host was
 * told of; 0 = of none. */
bool log_limit_take(struct log_limit *limit, enum l2tpha_log_category category, const char *kind,
                    uint32_t tunnel_id, uint64_t now);

/* The next kind of which lines were left out, once it is time to say so. False = none. */
bool log_limit_tell(struct log_limit *limit, uint64_t now, struct log_left_out *left_out);

/* When that is; UINT64_MAX = there is nothing to say. */
uint64_t log_limit_deadline(const struct log_limit *limit);

/* Of all kinds. */
uint64_t log_limit_total(const struct log_limit *limit);

#endif

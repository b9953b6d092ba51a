/* SPDX-License-Identifier: MIT */
/* What a node is to the other nodes of its endpoint, in an operator's words. */
#ifndef EXAMPLES_STANDING_H
#define EXAMPLES_STANDING_H

#include <l2tpha/consumer.h>
#include <l2tpha/pair.h>

struct app;

#define STANDING_REASON_MAX 80

struct l2tpha_redundancy_info standing_node(const struct app *app);
struct l2tpha_pair_info standing_pair(const struct app *app);

/* In one word each: "active", "standby" or "fenced"; whether active and standby are in sync; of a
 * standby's copy "protected", or why not, NULL = it has none. */
const char *standing_role(enum l2tpha_role role);
const char *standing_sync(const struct app *app, enum l2tpha_role role);
const char *standing_copy(enum l2tpha_role role);

/* Why it is what it is. */
const char *standing_reason(const struct app *app, const struct l2tpha_redundancy_info *info,
                            char text[STANDING_REASON_MAX]);

/* ... where it serves and says nothing; NULL = it does not serve, or speaks. */
const char *standing_silence(const struct app *app, const struct l2tpha_redundancy_info *info);

/* A copy that the authority does not know of is no protection. */
bool standing_is_unclaimed(const struct app *app);

/* Of a consumer of the node: its state, and whether it is the store. */
const char *standing_of_consumer(const struct l2tpha_consumer_info *info);
bool standing_is_store(const struct app *app, const struct l2tpha_consumer_info *info);

#endif

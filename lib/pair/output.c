/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "leasing.h"
#include "links.h"
#include "pair.h"
#include "storing.h"

#define OUTPUTS 64
#define MORE_PER_DRAIN 16

/* Nothing here calls the node, so all outputs of a batch stay valid; shipping a checkpoint may,
 * when it fails, so that comes last. */
static void let_out(struct l2tpha_pair *pair, const struct l2tpha_output *outputs, size_t count)
{
    links_tell_sync(pair->links);
    pair->options.host.outputs(pair->options.host.user, outputs, count);
    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT && !storing_take(pair, &outputs[i]))
            links_send(pair->links, &outputs[i]);
}

/* Whoever was stopped may have lost its lease: the time is read anew, each time. */
static size_t poll_node(struct l2tpha_pair *pair, struct l2tpha_output outputs[OUTPUTS])
{
    leasing_check(pair);
    return l2tpha_poll(pair->node, outputs, OUTPUTS, l2tpha_pair_now());
}

/* Peers answer while there is more to send: what they say does not wait in the socket until it
 * overflows. But the other descriptors have their turn. */
static void drain(struct l2tpha_pair *pair, int *reads)
{
    const struct l2tpha_pair_host *host = &pair->options.host;
    struct l2tpha_output outputs[OUTPUTS];
    size_t count;
    while ((count = poll_node(pair, outputs)) > 0) {
        let_out(pair, outputs, count);
        if (pair->reads && count == OUTPUTS && host->more != NULL && (*reads)-- > 0)
            host->more(host->user);
    }
}

/* What the store has confirmed lets more out. */
void output_drain(struct l2tpha_pair *pair)
{
    int reads = MORE_PER_DRAIN;
    if (pair->draining)
        return;
    pair->draining = true;
    links_name_standbys(pair->links);
    do {
        drain(pair, &reads);
    } while (storing_service(pair));
    pair->draining = false;
    links_flush(pair->links);
}

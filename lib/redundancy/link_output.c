/* SPDX-License-Identifier: MIT */
#include "redundancy/link_output.h"

int link_put(struct l2tpha_link *link, enum frame_type type, size_t len, uint64_t now,
             struct writer *out)
{
    int error = frame_begin(&link->out, (uint8_t)type, epoch_of(link), len, out);

    if (error)
        return error;
    link->info.frames_out++;
    link->spoke = now;
    return L2TPHA_OK;
}

int link_put_number(struct l2tpha_link *link, enum frame_type type, uint64_t number, uint64_t now)
{
    struct writer out;
    int error = link_put(link, type, sizeof(number), now, &out);

    if (!error)
        write_u64(&out, number);
    return error;
}

int link_put_hello(struct l2tpha_link *link, uint64_t now)
{
    struct link_hello hello = {
        .version_min = LINK_VERSION_MIN,
        .version_max = LINK_VERSION_MAX,
        .capabilities =
            (link->options.ungated ? HELLO_UNGATED : 0u) | (link->ops.digests ? HELLO_DIGESTS : 0u),
        .side = (uint8_t)link->side,
        .last = last_of(link),
        .fingerprint = link->options.fingerprint,
        .heartbeat_ms = link->options.heartbeat_ms,
        .rank = link->ops.rank(link->ops.user),
        .copy = link->ops.whole(link->ops.user),
        .level = L2TPHA_LEVEL,
        .level_min = link_level_min(link),
        .serializer = link->ops.serializer,
        .node = {(const uint8_t *)link->options.node_name, strlen(link->options.node_name)},
    };
    struct writer out;
    int error = link_put(link, FRAME_HELLO, hello_len(&hello), now, &out);

    if (!error)
        hello_write(&out, &hello);
    return error;
}

int link_put_refuse(struct l2tpha_link *link, int why, uint64_t now)
{
    const char *text = l2tpha_strerror(why);
    size_t len = strlen(text);
    struct writer out;
    int error = link_put(link, FRAME_REFUSE, 4 + len, now, &out);

    if (error)
        return error;
    write_u32(&out, (uint32_t)why);
    write_bytes(&out, text, len);
    return L2TPHA_OK;
}

int link_put_ack(struct l2tpha_link *link, uint64_t now)
{
    if (!link->ack_due)
        return L2TPHA_OK;
    int error = link_put_number(link, FRAME_ACK, link->applied, now);
    if (!error)
        link->ack_due = false;
    return error;
}

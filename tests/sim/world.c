/* SPDX-License-Identifier: MIT */
#include "sim/world.h"

#include <l2tpha/message.h>
#include <stdarg.h>
#include <stdio.h>

static void print_head(const struct world *world, const char *who)
{
    printf("%5llu.%06llu  %-12s ", (unsigned long long)(world->now / SECOND),
           (unsigned long long)(world->now % SECOND), who);
}

void world_fail(struct world *world, const char *format, ...)
{
    va_list args;

    if (world->failed)
        return;
    world->failed = true;
    va_start(args, format);
    vsnprintf(world->why, sizeof(world->why), format, args);
    va_end(args);
    if (!world->verbose)
        return;
    print_head(world, "ORACLE");
    printf("%s\n", world->why);
}

void world_say(struct world *world, const char *who, const char *format, ...)
{
    va_list args;

    if (!world->verbose)
        return;
    print_head(world, who);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void world_show(struct world *world, const char *who, const char *fate, const uint8_t *data,
                size_t len)
{
    struct l2tpha_header header;
    unsigned type = L2TPHA_MESSAGE_ZLB;

    if (!world->verbose)
        return;
    if (l2tpha_header_decode(data, len, &header)) {
        world_say(world, who, "%s: %zu bytes that are no message", fate, len);
        return;
    }
    if (len >= L2TPHA_CONTROL_HEADER + 8)
        type = (unsigned)data[L2TPHA_CONTROL_HEADER + 6] << 8 | data[L2TPHA_CONTROL_HEADER + 7];
    world_say(world, who, "%s %-7s Ns=%u Nr=%u tunnel=%u session=%u", fate,
              l2tpha_message_name((uint16_t)type), header.ns, header.nr, (unsigned)header.tunnel_id,
              (unsigned)header.session_id);
}

void world_config(struct l2tpha_config *config)
{
    l2tpha_config_init(config);
    config->bearer_caps = 3;
    config->retransmit_cap_ms = 8000;
    config->max_tunnels = 64;
    config->max_half_open = 16;
    config->max_sessions = 256;
    config->max_queue = 100;
    config->max_events = 512;
    config->max_checkpoints = 512;
    config->max_buffer_bytes = 16u << 20;
}

int world_draw(void *user, uint8_t *dst, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)world_random(user);
    return 0;
}

void world_log(void *user, const struct l2tpha_log_line *line)
{
    world_say(user, "log", "%u/%u %s", (unsigned)line->tunnel_id, (unsigned)line->session_id,
              line->text);
}

void world_admit(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_message *request,
                 struct l2tpha_verdict *verdict)
{
    (void)user, (void)tunnel, (void)request;
    verdict->result = 0;
}

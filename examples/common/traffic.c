/* SPDX-License-Identifier: MIT */
#include "traffic.h"
#include "app.h"
#include "clock.h"
#include "pcapng.h"

#include <stdlib.h>
#include <string.h>

#define DATAGRAMS_PER_TURN 64

static void capture(struct app *app, const struct l2tpha_path *path, bool inbound,
                    const uint8_t *data, size_t len)
{
    if (app->pcapng != NULL)
        pcapng_write(app->pcapng, path, inbound, data, len);
}

void traffic_flush_capture(struct app *app)
{
    if (app->pcapng == NULL)
        return;
    pcapng_flush(app->pcapng);
    int failed = pcapng_failed(app->pcapng);
    if (app->capture_told || (failed == 0 && pcapng_lost(app->pcapng) == 0))
        return;
    app->capture_told = true;
    log_say(&app->log, L2TPHA_LOG_ERROR, "--pcapng %s cannot be written%s: %s",
            app->options->pcapng, failed != 0 ? " any more" : " fast enough",
            failed != 0 ? strerror(failed) : "datagrams are missing in it");
}

int traffic_end_capture(struct app *app, int status)
{
    if (app->pcapng == NULL)
        return status;
    traffic_flush_capture(app);
    uint64_t lost = pcapng_lost(app->pcapng);
    if (lost > 0)
        log_say(&app->log, L2TPHA_LOG_ERROR, "--pcapng %s misses %llu datagrams",
                app->options->pcapng, (unsigned long long)lost);
    return lost > 0 && status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

static bool is_control(const uint8_t *data, size_t len)
{
    return len > 0 && (data[0] & 0x80);
}

static void take_datagram(struct app *app, const struct l2tpha_path *path, size_t len, uint64_t now)
{
    struct l2tpha_frame frame;
    capture(app, path, true, app->datagram, len);
    if (is_control(app->datagram, len))
        gap_close(&app->control_gap, now);
    int error = l2tpha_feed(app->node, path, app->datagram, len, now);
    if (error != L2TPHA_ERR_DATA_MESSAGE)
        return; /* refusals are counted, logged and answered by the node */
    error = l2tpha_data_receive(app->node, path, app->datagram, len, now, &frame);
    if (error == L2TPHA_OK && app->program->frame != NULL)
        app->program->frame(app, &frame);
}

void traffic_read(struct app *app)
{
    struct l2tpha_path path;
    ssize_t len;
    for (int i = 0; i < DATAGRAMS_PER_TURN && app->serving; i++) {
        len = udp_receive(app->udp, app->datagram, &path);
        if (len < 0)
            return;
        take_datagram(app, &path, (size_t)len, clock_now());
    }
}

void traffic_send(struct app *app, const struct l2tpha_output *output)
{
    capture(app, output->path, false, output->data, output->len);
    if (app->udp == NULL || !udp_send(app->udp, output->path, output->data, output->len, NULL, 0))
        app->unsent++; /* the channel sends it again */
    if (output->len > L2TPHA_CONTROL_HEADER)
        gap_open(&app->control_gap, clock_now());
}

int app_send_data(struct app *app, struct l2tpha_session *session, const uint8_t *data, size_t len)
{
    uint8_t whole[UDP_DATAGRAM_MAX];
    size_t header_len;
    const struct l2tpha_path *path;
    if (len > sizeof(whole) - 12)
        return L2TPHA_ERR_TOO_SMALL;
    int error = l2tpha_data_send(session, len, false, whole, &header_len, &path, clock_now());
    if (error != L2TPHA_OK)
        return error;
    if (app->pcapng != NULL) {
        memcpy(whole + header_len, data, len);
        capture(app, path, false, whole, header_len + len);
    }
    if (!udp_send(app->udp, path, whole, header_len, data, len))
        app->unsent++;
    return L2TPHA_OK;
}

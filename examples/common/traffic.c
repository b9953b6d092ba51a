/* SPDX-License-Identifier: MIT */
#include "traffic.h"
#include "app.h"
#include "clock.h"
#include "pcapng.h"

#include <stdlib.h>
#include <string.h>

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

/* Stopped since these were made: another may serve by now. What is not sent is sent again. */
void traffic_flush(struct app *app)
{
    if (app->udp == NULL || udp_waiting(app->udp) == 0)
        return;
    bool late = clock_now() - app->queued_at > APP_AWAY_US;
    app->unsent += late ? udp_drop(app->udp) : udp_flush(app->udp);
}

static void queue(struct app *app, const struct l2tpha_path *path, const void *head,
                  size_t head_len, const void *body, size_t body_len, uint64_t now)
{
    if (app->udp == NULL) {
        app->unsent++;
        return;
    }
    if (udp_waiting(app->udp) == UDP_BATCH)
        traffic_flush(app);
    if (udp_waiting(app->udp) == 0)
        app->queued_at = now;
    app->unsent += udp_queue(app->udp, path, head, head_len, body, body_len);
}

/* Refusals are counted, logged and answered by the node. */
static void take_frame(struct app *app, const struct l2tpha_frame *frame)
{
    if (frame->session != NULL && app->program->frame != NULL)
        app->program->frame(app, frame);
}

void traffic_read(struct app *app)
{
    const struct udp_datagram *received;
    struct l2tpha_datagram batch[UDP_BATCH];
    struct l2tpha_frame frames[UDP_BATCH];
    size_t count = udp_receive(app->udp, &received), done = 0;
    for (size_t i = 0; i < count; i++) {
        const struct udp_datagram *datagram = &received[i];
        capture(app, &datagram->path, true, datagram->data, datagram->len);
        if (is_control(datagram->data, datagram->len))
            gap_close(&app->control_gap, clock_now());
        batch[i] = (struct l2tpha_datagram){.path = &datagram->path,
                                            .data = datagram->data,
                                            .len = datagram->len,
                                            .frame = &frames[i]};
    }
    while (done < count) {
        size_t more = l2tpha_feed_batch(app->node, batch + done, count - done, clock_now());
        for (; more > 0; more--, done++)
            take_frame(app, &frames[done]);
    }
    traffic_flush(app);
}

void traffic_send(struct app *app, const struct l2tpha_output *output, uint64_t polled)
{
    capture(app, output->path, false, output->data, output->len);
    queue(app, output->path, output->data, output->len, NULL, 0, polled);
    if (output->len > L2TPHA_CONTROL_HEADER)
        gap_open(&app->control_gap, clock_now());
}

int app_send_data(struct app *app, struct l2tpha_session *session, const uint8_t *data, size_t len)
{
    uint8_t whole[UDP_DATAGRAM_MAX];
    size_t header_len;
    const struct l2tpha_path *path;
    uint64_t now = clock_now();
    if (len > sizeof(whole) - 12)
        return L2TPHA_ERR_TOO_SMALL;
    int error = l2tpha_data_send(session, len, false, whole, &header_len, &path, now);
    if (error != L2TPHA_OK)
        return error;
    if (app->pcapng != NULL) {
        memcpy(whole + header_len, data, len);
        capture(app, path, false, whole, header_len + len);
    }
    queue(app, path, whole, header_len, data, len, now);
    return L2TPHA_OK;
}

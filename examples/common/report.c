/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>

#define MEMORY 64 /* bits of flow.seen */

void gap_open(struct gap *gap, uint64_t now)
{
    if (gap->since == 0)
        gap->since = now;
}

uint64_t gap_longest(const struct gap *gap, uint64_t now)
{
    if (gap->since == 0 || now < gap->since || now - gap->since < gap->longest_us)
        return gap->longest_us;
    return now - gap->since;
}

void gap_close(struct gap *gap, uint64_t now)
{
    gap->longest_us = gap_longest(gap, now);
    gap->since = 0;
}

uint64_t flow_send(struct flow *flow, uint64_t now)
{
    gap_open(&flow->gap, now);
    return flow->sent++;
}

/* A number above all received so far: the memory moves up. */
static void receive_newest(struct flow *flow, uint64_t number)
{
    uint64_t step = number + 1 - flow->next;
    flow->seen = step < MEMORY ? flow->seen << step : 0;
    flow->seen |= 1;
    flow->next = number + 1;
    flow->received++;
}

static void receive_late(struct flow *flow, uint64_t number)
{
    uint64_t age = flow->next - 1 - number;
    uint64_t bit = age < MEMORY ? UINT64_C(1) << age : 0;
    if (flow->seen & bit) {
        flow->doubled++;
        return;
    }
    flow->seen |= bit;
    flow->reordered++;
    flow->received++;
}

bool flow_receive(struct flow *flow, uint64_t number, uint64_t now)
{
    if (number >= flow->sent)
        return false;
    if (number >= flow->next)
        receive_newest(flow, number);
    else
        receive_late(flow, number);
    gap_close(&flow->gap, now);
    if (flow->received < flow->sent)
        gap_open(&flow->gap, now);
    return true;
}

void report_add(struct report *report, const struct flow *flow, uint64_t now)
{
    uint64_t gap = gap_longest(&flow->gap, now);
    report->frames_sent += flow->sent;
    report->frames_received += flow->received;
    report->frames_lost += flow->sent > flow->received ? flow->sent - flow->received : 0;
    report->frames_doubled += flow->doubled;
    report->frames_reordered += flow->reordered;
    if (gap > report->data_gap_us)
        report->data_gap_us = gap;
}

#define REPORT_ROWS(X)                                                                             \
    X(tunnels, "tunnels")                                                                          \
    X(tunnels_lost, "tunnels lost")                                                                \
    X(redials, "tunnels redialled")                                                                \
    X(calls_asked, "calls asked")                                                                  \
    X(calls_up, "calls up")                                                                        \
    X(calls_failed, "calls failed")                                                                \
    X(calls_lost, "calls lost")                                                                    \
    X(calls_redialed, "calls redialled")                                                           \
    X(frames_sent, "frames sent")                                                                  \
    X(frames_received, "frames received")                                                          \
    X(frames_lost, "frames lost")                                                                  \
    X(frames_doubled, "frames doubled")                                                            \
    X(frames_reordered, "frames reordered")

json_t *report_json(const struct report *report)
{
    json_t *object = json_object();
#define PUT(field, text)                                                                           \
    json_object_set_new(object, #field, json_integer((json_int_t)report->field));
    REPORT_ROWS(PUT)
#undef PUT
    json_object_set_new(object, "data_gap_ms", json_real((double)report->data_gap_us / 1000));
    json_object_set_new(object, "control_gap_ms", json_real((double)report->control_gap_us / 1000));
    return object;
}

static void print_text(const struct report *report, FILE *out)
{
#define PUT(field, text) fprintf(out, "%-20s %" PRIu64 "\n", text, report->field);
    REPORT_ROWS(PUT)
#undef PUT
    fprintf(out, "%-20s %.1f ms\n", "longest data gap", (double)report->data_gap_us / 1000);
    fprintf(out, "%-20s %.1f ms\n", "longest control gap", (double)report->control_gap_us / 1000);
}

void report_print(const struct report *report, bool json, FILE *out)
{
    if (!json) {
        print_text(report, out);
    } else {
        json_t *object = report_json(report);
        json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
        fputc('\n', out);
        json_decref(object);
    }
    fflush(out);
}

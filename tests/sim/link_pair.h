/* SPDX-License-Identifier: MIT */
/* Two links over a pipe that cuts the stream into random pieces, each against a fake node that
 * keeps a log of numbers instead of tunnels. */
#ifndef TESTS_SIM_LINK_PAIR_H
#define TESTS_SIM_LINK_PAIR_H

#include "fixture.h"
#include "redundancy/link.h"
#include "redundancy/link_frame.h"

#define TO_SEND_MAX 64
#define PART_BYTES 5000
#define POSITIONS 8192

/* A checkpoint of the fake nodes: number, kind, then bytes that follow from the number. */
enum fake_kind { INCREMENT = 'I', BEGIN = 'B', END = 'E' };

struct fake {
    struct l2tpha_link *link;
    enum l2tpha_role role;
    uint64_t epoch, last, confirmed, copy_end, fenced_by;
    uint64_t given;                /* position of the newest that was given to the link */
    uint64_t numbers[POSITIONS];   /* ... of each its number */
    uint64_t to_send[TO_SEND_MAX]; /* numbers not yet given to the link; kind of each */
    enum fake_kind kinds[TO_SEND_MAX];
    size_t count;
    uint32_t rank, level, meets;
    bool ungated;
    const struct digest_ops *digests; /* NULL: it knows none */
    uint64_t met;
    uint64_t absences; /* those of the node's other entries included */
    unsigned bulks, stops, aways, unheards, heards, cuts, resumes;
    int status;                                           /* last one told by done */
    int bulk_error, done_error, apply_error, fence_error; /* what to answer, 0 = do it */
};

extern struct fake active, standby;
extern uint8_t *checkpoint; /* room for one */

/* A checked fixture: an active with epoch 5 and a standby that holds nothing, no link yet. */
void linked_setup(void);
void linked_teardown(void);
struct link_ops linked_ops(struct fake *fake);
void linked_open_end(struct fake *fake, const struct l2tpha_link_options *options);
void linked_open(void);
/* Both open, in sync. */
void linked_sync(void);

/* A checkpoint of the fake node that is yet to be given to its link. */
void linked_make(struct fake *fake, enum fake_kind kind);
void linked_send(struct fake *fake, uint64_t now);
int linked_send_one(struct fake *fake, uint64_t number, enum fake_kind kind, uint64_t now);
size_t linked_checkpoint_len(uint64_t number);
/* A piece of at most `most` bytes, from 1; most of them long. */
size_t linked_piece(size_t most);
/* Carry at most `most` bytes over; whether there were any. An error of the feed goes to *error;
 * with error NULL there must be none. */
bool linked_carry(struct fake *from, struct fake *to, size_t most, uint64_t now, int *error);
/* Until nothing moves. Errors of either feed as in linked_carry(). */
void linked_run(uint64_t now, int *active_error, int *standby_error);
struct l2tpha_link_info linked_info(const struct fake *fake);

#endif

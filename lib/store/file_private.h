/* SPDX-License-Identifier: MIT */
/* The state of a file store, shared by its files. */
#ifndef STORE_FILE_PRIVATE_H
#define STORE_FILE_PRIVATE_H

#include "store/file_store.h"
#include "store/segment.h"

#define STREAMS 2
#define HOUSE STREAMS       /* owner of steps: what is removed, */
#define MARKS (STREAMS + 1) /* ... and marks */
#define SEGMENTS_MAX 64
#define WHY_TEXT 96

_Static_assert(MARKS < JOB_OWNERS, "each has a status");

/* Octets of items that are put in a row. */
struct batch {
    uint8_t *data;
    size_t len, room;
    uint64_t position; /* of the last one; 0 = there is none */
    bool whole;        /* the end of the copy is among them */
};

struct stream {
    enum { STREAM_NONE, STREAM_NEW, STREAM_READY, STREAM_BROKEN } state;
    bool in_job;
    bool dropped; /* it goes when the job has ended */
    bool keep;
    bool news; /* not told yet */
    uint64_t number;
    int file;
    uint8_t salt[SEGMENT_SALT];
    uint8_t *header;
    struct batch waiting, writing;
    uint64_t at, zeroed; /* where the next octet goes; there are zeros up to */
    uint64_t durable;
    bool whole;
    int status;
};

struct numbers {
    uint64_t list[SEGMENTS_MAX];
    uint32_t count;
};

struct file_store {
    struct l2tpha_store store;
    struct disk disk;
    struct worker worker;
    struct stream streams[STREAMS];
    struct numbers kept; /* segments without a stream that may be read */
    struct numbers gone; /* to be removed */
    uint32_t going;      /* so many of them by the job */
    uint64_t newest;     /* segment */
    uint32_t level_min;  /* of new ones */
    char why[WHY_TEXT];
    bool busy;
    bool house_failed;
    bool mark_asked, marking, mark_news;
    int mark_status;
    int mark_file;
    uint8_t mark[SEGMENT_SECTOR];
    struct job job;
};

/* False: there is no room for it. */
bool numbers_add(struct numbers *numbers, uint64_t number);
void numbers_cut(struct numbers *numbers, uint32_t count); /* the first ones */

/* --- file_stream.c: the calls of struct l2tpha_store about streams --- */
int file_stream_begin(void *user, uint64_t epoch, uint32_t *id);
int file_stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                       bool whole);
int file_stream_drop(void *user, uint32_t id, bool keep);
void file_stream_free(struct file_store *store, struct stream *stream);
/* Dropped, and in no job: its file may be read, or goes. */
void file_stream_let_go(struct file_store *store, struct stream *stream);

/* --- file_read.c: those about what is there --- */
int file_open(void *user, const char **why);
int file_read(void *user, bool mend, l2tpha_store_item fn, void *arg,
              struct l2tpha_store_found *found);

/* Where the readable part of a segment ends, and whether it is whole. */
struct file_extent {
    bool whole;
    uint64_t items;
    uint64_t last, durable; /* positions */
    uint64_t at;            /* what cannot be read */
    bool ends_badly;        /* there is something */
    bool damaged;           /* ... that was on the disk once */
};

struct reader;

/* LEVEL: one of them is of a release that this one cannot go on from. */
int file_find_segments(struct file_store *store, const char **why);
int file_measure(struct reader *reader, struct file_extent *extent);
/* So many of its items. */
int file_give_back(struct reader *reader, uint64_t items, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found);
/* A segment whose header cannot be read: whether there was one. Negative: of the disk. */
int file_is_headless(const struct file_store *store, const struct reader *reader);
extern const char file_fault_header[], file_fault_item[];

/* --- file_look.c: the same, beside another process --- */
int file_look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
              const char **why);

/* --- file_job.c: those about what goes to the disk --- */
int file_commit(void *user);
bool file_event(void *user, struct l2tpha_store_event *event);

#endif

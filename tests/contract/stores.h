/* SPDX-License-Identifier: MIT */
/* Stores of one kind in one place, one of which writes a copy and what follows it, and others read
 * or take over: what all suites of stores have in common. Each number is a process. Which kind it
 * is says the program: KIND names it. */
#ifndef TESTS_CONTRACT_STORES_H
#define TESTS_CONTRACT_STORES_H

#include <l2tpha/store.h>

#define STORES 3
#define STORES_ITEMS 12 /* of the writer's */
#define STORES_WHOLE 5  /* the copy ends with this one */

struct kind {
    bool shared; /* several processes may have one open; else one at a time */
    bool seals;  /* what is there has other octets, and more of them */
    size_t most; /* octets of a checkpoint */
    void (*begin)(void);
    void (*end)(void);
    /* A store that is not opened. */
    int (*make)(unsigned process, struct l2tpha_store **store);
    /* Carry what is under way one step on. False: nothing is. */
    bool (*turn)(unsigned process);
    /* A process ends in the middle of it, with the power or without. Its store is freed then. */
    void (*kill)(unsigned process, bool power);
    uint32_t (*copies)(void);       /* that are there, whole or not */
    void (*spoil)(uint64_t number); /* an octet of the newest copy, in or before this checkpoint, in
                                       the same commit */
    void (*fill)(bool full);        /* there is no space left */
    uint64_t (*state)(void);        /* another number when anything is written there */
    void (*clear)(void);            /* the place is empty again; of a server */
    bool repeats;                   /* what fails is asked for once more */
};

struct stores {
    struct l2tpha_store *list[STORES]; /* NULL = there is none */
    const char *why;
    size_t item_len;
    /* events of the store that was driven last */
    uint64_t confirmed; /* position */
    bool whole;
    int status;
    uint32_t marked; /* events, and what the last one said */
    int mark_status;
    /* what was read last */
    struct l2tpha_store_found found;
    uint64_t items; /* in order, from 1 */
};

extern struct stores stores;
extern const struct kind KIND;

void stores_begin(void);
void stores_end(void);
/* Make it, and open it. */
int stores_open(unsigned process);
void stores_close(unsigned process);
void stores_kill(unsigned process, bool power);
int stores_stream(unsigned process, uint64_t epoch, uint32_t *stream);
/* Checkpoints from first to last, each position its own. What fails is stores.status. */
void stores_append(unsigned process, uint32_t stream, uint64_t first, uint64_t last);
int stores_drop(unsigned process, uint32_t stream, bool keep);
/* Commit, and take what comes; true: that has led on. */
bool stores_turn(unsigned process);
/* ... until nothing is under way. */
void stores_settle(unsigned process);
/* Open, begin, append all of the writer's, one commit for every two, and settle. */
void stores_write(unsigned process, uint64_t epoch);
/* As stores_write(), by the first process under epoch 7; all of it is confirmed. */
void stores_write_all(void);
int stores_mark(unsigned process);
/* What is there, by another process. An item that is another one, or out of order, fails. */
int stores_read(unsigned process, bool mend);
/* The same beside whoever writes. */
int stores_look(unsigned process);
/* An item that is read. */
int stores_take(void *user, const uint8_t *data, size_t len);
/* All of it was read, and nothing else. */
void stores_assert_found(bool stale);
/* ... by the last process, which goes then. */
void stores_read_back(bool stale);

#endif

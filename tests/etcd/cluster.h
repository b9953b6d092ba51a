/* SPDX-License-Identifier: MIT */
/* As much of an etcd cluster as its JSON gateway shows: members on loopback ports with one state
 * behind them, in the test's own process. A fault says what becomes of the next request of a path.
 */
#ifndef TESTS_ETCD_CLUSTER_H
#define TESTS_ETCD_CLUSTER_H

#include <l2tpha/types.h>
#include <stddef.h>

#define MEMBERS_MAX 3
#define CLUSTER_LEASE UINT64_C(7587000000000000001) /* the first one that is granted */

enum fate {
    ANSWERED = 0,
    CUT,    /* carried out; so many octets of the answer come, and then the end of the connection */
    LOST,   /* the connection ends, and nothing was carried out */
    SILENT, /* carried out, and so many octets of the answer come, and nothing else */
    HELD,   /* it waits until cluster_release(), and nothing comes */
    SAID    /* not carried out; text is the answer's body, code its status */
};

struct fault {
    const char *path; /* what the request's contains */
    enum fate fate;
    size_t octets;
    int code;
    const char *text;
    const char *location; /* where it is, maybe */
    uint32_t times;
    uint32_t after; /* so many others of that path */
};

struct cluster {
    uint64_t term;
    uint64_t id;
    uint64_t revision;
    uint32_t least_ttl_s;   /* what is granted at least, */
    uint32_t most_ttl_s;    /* ... and at most */
    struct fault faults[4]; /* the first that fits */
    bool silent;            /* somebody is being kept waiting: the test may let time pass */
    uint32_t requests;
    size_t cut_len;     /* of the last answer that was cut, or is silent: the whole */
    bool chunked;       /* without a length in front */
    bool full;          /* nothing may be put */
    uint64_t compacted; /* up to this revision */
};

extern struct cluster cluster;

void cluster_open(uint32_t members);
void cluster_close(void);
/* HOST:PORT,.../GROUP. Valid until the next call. */
const char *cluster_place(const char *group);
/* A member does not listen any more. */
void cluster_kill(uint32_t member);
/* Serve what there is; waits for at most so long when there is nothing. fd: another descriptor to
 * wait for. */
void cluster_turn(int fd, int wait_ms);
/* Carry out what is held. */
void cluster_release(void);
/* A lease ends. */
void cluster_expire(void);
/* The value of a key, NULL = none. */
const char *cluster_value(const char *key);
/* Put one by hand; NULL takes it away. */
void cluster_put(const char *key, const char *value);
/* How many keys begin so, which one that is, from 0, and its value, which may be changed. */
uint32_t cluster_keys(const char *folder);
const char *cluster_key(const char *folder, uint32_t number);
char *cluster_octets(const char *key, size_t *len);

#endif

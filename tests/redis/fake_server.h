/* SPDX-License-Identifier: MIT */
/* A Redis server in the process, as much of one as a store speaks to, and links to it in virtual
 * time. It knows the scripts by their text, and does what they are to do by itself. Answers may be
 * cut, late, or others. */
#ifndef TESTS_REDIS_FAKE_SERVER_H
#define TESTS_REDIS_FAKE_SERVER_H

#include "redis/net.h"

#include <talloc.h>

#define FAKE_FIELDS 16
#define FAKE_LOGS 8
#define FAKE_ENTRIES 64

struct fake_field {
    char name[32], value[64]; /* the first is empty: there is none */
};

struct fake_entry {
    char id[44];
    uint8_t *value;
    size_t len;
};

struct fake_log {
    char key[96];
    struct fake_entry entries[FAKE_ENTRIES];
    uint32_t count; /* 0 = there is no log */
};

struct fake_server {
    struct fake_field head[FAKE_FIELDS];
    struct fake_log logs[FAKE_LOGS];
    char run[16];
    const char *role, *policy, *fsync, *version, *password;
    bool appends, waitaof, loading;
    uint32_t replicas;  /* connected */
    uint32_t following; /* ... that have everything */
    bool disk_is_late;  /* for WAITAOF */
    bool full;          /* what needs memory is refused */
    bool silent;        /* nothing is done, and nothing answered */
    bool dead;          /* nobody can connect */
    uint64_t now;
    uint64_t seed;
    uint32_t answers;  /* given so far */
    uint32_t spoil_at; /* this answer, from 1, is another one; 0 = none */
    const char *spoil;
    size_t spoil_len;
    uint64_t octets;   /* of answers, given out so far */
    uint64_t close_at; /* ... when the connection ends; 0 = never */
};

/* One connection of one store. */
struct fake_link {
    struct fake_server *server;
    bool connected;
    uint8_t *in, *out; /* commands that are not done, answers that are not given out */
    size_t in_len, out_len, out_given;
    size_t chunk; /* octets that go in one call; 0 = any */
    uint64_t wakes_at;
    bool keeps; /* what is sent is kept, and not done: fake_link_do() */
};

void fake_server_init(struct fake_server *server);
void fake_server_free(struct fake_server *server);
/* It has another run, with what it had, or without. */
void fake_server_restart(struct fake_server *server, bool empty);
/* Lose the last entries of all logs. */
void fake_server_lose(struct fake_server *server, uint32_t entries);
/* A field's value; "" = there is none. */
const char *fake_server_field(const struct fake_server *server, const char *name);
/* ... which goes. */
void fake_server_forget(struct fake_server *server, const char *name);
uint32_t fake_server_logs(const struct fake_server *server);
/* The log of the copy; NULL = none. */
struct fake_log *fake_server_copy(struct fake_server *server);

struct net fake_net_of(struct fake_link *link, struct fake_server *server);
/* Do what was kept. */
void fake_link_do(struct fake_link *link);

#endif

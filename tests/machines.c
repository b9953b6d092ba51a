/* SPDX-License-Identifier: MIT */
/* The state machines as Graphviz text, from the tables that the library runs: one file each in
 * docs/fsm. `machines DIR` compares them with what is committed, `machines --write DIR` writes
 * them. */
#include "engine/session_fsm.h"
#include "engine/tunnel_fsm.h"
#include "failover/recovery_fsm.h"
#include "redundancy/role_fsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRAPH_MAX 65536

static const struct {
    const char *file;
    const struct fsm *fsm;
} machines[] = {
    {"tunnel", &tunnel_fsm},
    {"lac_incoming", &session_fsm_lac_incoming},
    {"lns_incoming", &session_fsm_lns_incoming},
    {"lac_outgoing", &session_fsm_lac_outgoing},
    {"lns_outgoing", &session_fsm_lns_outgoing},
    {"recovery", &recovery_fsm},
    {"role", &role_fsm},
};

struct graph {
    size_t len;
    char text[GRAPH_MAX];
};

static void append(void *user, const char *text)
{
    struct graph *graph = user;
    size_t len = strlen(text);

    if (len >= sizeof(graph->text) - graph->len) {
        fprintf(stderr, "a machine's graph is longer than %d bytes\n", GRAPH_MAX);
        exit(1);
    }
    memcpy(graph->text + graph->len, text, len + 1);
    graph->len += len;
}

static bool write_graph(const char *path, const struct graph *graph)
{
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(graph->text, 1, graph->len, file) == graph->len;

    if (file && fclose(file))
        good = false;
    if (!good)
        perror(path);
    return good;
}

static bool is_as_committed(const char *path, const struct graph *graph)
{
    static char committed[GRAPH_MAX];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(committed, 1, sizeof(committed), file) : 0;

    if (file)
        fclose(file);
    if (file && len == graph->len && memcmp(committed, graph->text, len) == 0)
        return true;
    printf("%s is not what the machine's table says\n", path);
    return false;
}

int main(int argc, char **argv)
{
    bool writes = argc == 3 && strcmp(argv[1], "--write") == 0, good = true;

    if (argc != 2 && !writes) {
        fprintf(stderr, "usage: machines [--write] DIR\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        static struct graph graph;
        char path[4096];
        graph.len = 0;
        fsm_graph(machines[i].fsm, append, &graph);
        snprintf(path, sizeof(path), "%s/%s.dot", argv[argc - 1], machines[i].file);
        good &= writes ? write_graph(path, &graph) : is_as_committed(path, &graph);
    }
    if (!good && !writes)
        printf("write them anew: %s --write %s\n", argv[0], argv[1]);
    return good ? 0 : 1;
}

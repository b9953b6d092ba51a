/* SPDX-License-Identifier: MIT */
/* One program for all suites: `runner` runs them all, `runner NAME...` those named. NAME is a
 * suite, SUITE.TEST one test of it, or SUITE.TEST.N turn N, from 0, of a loop test. `--machines
 * naive` before the names: the near ends of their worlds have the machines of tests/naive. */
#include "fixture.h"
#ifdef RUNNER_MACHINES
#include "machine_set.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(name) {#name, suite_##name},
#include "suites.inc"
#undef SUITE
};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

/* Cuts the name into its parts. Returns whether there are such tests. */
static bool add(SRunner *runner, char *name)
{
    char *test = strchr(name, '.'), *turn = test ? strchr(test + 1, '.') : NULL, *end = NULL;
    unsigned before = fixture_tests();

    if (test)
        *test++ = '\0';
    if (turn)
        *turn++ = '\0';
    fixture_only(test, turn ? (int)strtol(turn, &end, 10) : -1);
    if (turn && (*end || end == turn))
        return false;
    for (size_t i = 0; i < SUITES; i++)
        if (strcmp(suites[i].name, name) == 0)
            srunner_add_suite(runner, suites[i].make());
    return fixture_tests() > before;
}

static void add_all(SRunner *runner)
{
    for (size_t i = 0; i < SUITES; i++)
        srunner_add_suite(runner, suites[i].make());
}

/* Only where the suites have a choice of them. */
static bool take_machines(int *argc, char ***argv)
{
#ifdef RUNNER_MACHINES
    if (*argc > 2 && strcmp((*argv)[1], "--machines") == 0) {
        const char *name = (*argv)[2];
        *argc -= 2;
        *argv += 2;
        return machines_choose(name);
    }
#endif
    (void)argc, (void)argv;
    return true;
}

int main(int argc, char **argv)
{
    if (!take_machines(&argc, &argv)) {
        fprintf(stderr, "runner: no such machines\n");
        return 2;
    }
    SRunner *runner = srunner_create(NULL);
    bool known = true;

    if (argc == 1)
        add_all(runner);
    for (int i = 1; i < argc && known; i++)
        known = add(runner, argv[i]);
    if (known)
        srunner_run_all(runner, CK_NORMAL);
    else
        fprintf(stderr, "runner: no such suite or test\n");
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return !known ? 2 : failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: MIT */
/* A fixture with twins: for the suites about what a standby makes of checkpoints. Each defines
 * before how many of them may be IN_FLIGHT. */
#ifndef TESTS_UNIT_TWINNED_H
#define TESTS_UNIT_TWINNED_H

#include "sim/replicas.h"

#define TIMEOUT_US 200000

static struct state_pair *pair;

static void setup(void)
{
    fixture_setup();
    pair = replicas_new(IN_FLIGHT, TIMEOUT_US);
}

static void teardown(void)
{
    replicas_free(pair);
    fixture_teardown();
}

#endif

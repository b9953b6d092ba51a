/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_HELP_H
#define EXAMPLES_HELP_H

#include "options.h"

#include <stdio.h>

/* What --help prints. */
void help_print(enum program program, FILE *out);

#endif

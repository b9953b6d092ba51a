/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_MANUAL_H
#define EXAMPLES_MANUAL_H

#include "option_rows.h"

#include <stdio.h>

/* The manual page of a program, for section 8, as roff's macros of man(7). The date is YYYY-MM-DD.
 */
void manual_print(const struct program_row *program, const char *date, FILE *out);

#endif

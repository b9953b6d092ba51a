/* SPDX-License-Identifier: MIT */
/* JSON as text for people: a list of objects becomes an aligned table, an object one line for each
 * value, with tables for the lists in it. */
#ifndef EXAMPLES_TABLE_H
#define EXAMPLES_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void table_print(const json_t *value, FILE *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Stores in a directory of the tests', for contract/stores.h, and what of them is the same for
 * those around them. */
#ifndef TESTS_STORE_FILE_KIND_H
#define TESTS_STORE_FILE_KIND_H

#include "contract/stores.h"
#include "store/segment.h"

extern const struct kind kind_file;

void file_kind_begin(void);
void file_kind_end(void);
int file_kind_make(unsigned process, struct l2tpha_store **store);
bool file_kind_turn(unsigned process);
void file_kind_kill(unsigned process, bool power);
uint32_t file_kind_copies(void);
void file_kind_spoil(uint64_t number);
void file_kind_fill(bool full);
uint64_t file_kind_state(void);

#define FILE_KIND                                                                                  \
    .most = SEGMENT_ITEM_MAX, .turn = file_kind_turn, .kill = file_kind_kill,                      \
    .copies = file_kind_copies, .spoil = file_kind_spoil, .fill = file_kind_fill,                  \
    .state = file_kind_state

#endif

/* SPDX-License-Identifier: MIT */
/* Where checkpoints are kept: the present ones, and those of each release, which do not change and
 * are read for ever. */
#ifndef TESTS_GOLDEN_FOLDERS_H
#define TESTS_GOLDEN_FOLDERS_H

static const char *const golden_folders[] = {".", "0.2.0"};
#define GOLDEN_FOLDERS ((int)(sizeof(golden_folders) / sizeof(golden_folders[0])))

#endif

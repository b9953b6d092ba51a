/* SPDX-License-Identifier: MIT */
/* The table behind the command line: what parses it, --help and the manual pages are made of it. */
#ifndef EXAMPLES_OPTION_ROWS_H
#define EXAMPLES_OPTION_ROWS_H

#include "options.h"

#include <stddef.h>

enum option_kind {
    KIND_HELP,
    KIND_VERSION,
    KIND_FLAG,       /* bool: set */
    KIND_NUMBER,     /* uint32_t within min..max */
    KIND_TEXT,       /* char[max + 1], not empty */
    KIND_LIST,       /* the same, once */
    KIND_ADDRESS,    /* const char *: looked up at the end */
    KIND_ENDPOINT,   /* struct endpoint */
    KIND_SOCKET,     /* struct endpoint from a bare path */
    KIND_CATEGORIES, /* uint32_t mask */
    KIND_CHOICE,     /* bool: the second of two words */
    KIND_WORD        /* uint32_t: which of the words, from 0 */
};

struct option_row {
    const char *name;
    int programs;
    enum option_kind kind;
    const char *value; /* what --help calls it; NULL = none */
    size_t offset;
    uint32_t min, max;
    const char *choices; /* words separated by | */
    char letter;         /* the same in short; 0 = none */
    const char *setting; /* of the library: range and default are its; NULL = none */
    uint32_t scale;      /* so many of its units are one of this option's; 0 = one */
    const char *help;    /* with @ for the default of the setting */
};

#define OPTION_ROWS_MAX 72

extern const struct option_row option_rows[];
extern const size_t option_row_count; /* at most OPTION_ROWS_MAX */

/* What a program is told besides options. */
struct command_row {
    const char *syntax; /* NULL = the last one was before */
    const char *help;
};

struct program_row {
    enum program program;
    const char *name;
    const char *summary;   /* what it is, in some words */
    const char *arguments; /* behind its name in the usage line */
    const char *words;     /* what the arguments are; NULL = clear from the options */
    const char *about;     /* for the manual: what it does */
    const struct command_row *commands;
};

const struct program_row *program_row_of(enum program program);
const struct program_row *program_row_at(size_t index); /* NULL behind the last one */

/* In units of the option. Its own range is within that of its setting, where it has both. */
void option_range(const struct option_row *row, uint32_t *min, uint32_t *max, uint32_t *initial);

/* The help of an option with its default; a newline is where --help breaks it. */
void option_help_text(const struct option_row *row, char *text, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/* JSON as it is made, piece by piece, into a buffer that grows: what has a great many members need
 * never be in memory as a whole, nor be made at once. Commas come by themselves. */
#ifndef EXAMPLES_WRITER_H
#define EXAMPLES_WRITER_H

#include <l2tpha/types.h>
#include <talloc.h>

struct writer {
    TALLOC_CTX *parent; /* of data */
    char *data;
    size_t len;
    bool comma; /* before the next member */
};

void writer_start(struct writer *writer, TALLOC_CTX *parent);
void writer_drain(struct writer *writer); /* what there is has been taken; the text goes on */
void writer_clear(struct writer *writer); /* for the next text, with the same memory */
void writer_free(struct writer *writer);

void writer_raw(struct writer *writer, const char *text); /* as it is */

void writer_open(struct writer *writer, char bracket);  /* { or [ */
void writer_close(struct writer *writer, char bracket); /* } or ] */
void writer_key(struct writer *writer, const char *key);
void writer_text(struct writer *writer, const char *text);
void writer_number(struct writer *writer, uint64_t number);
void writer_bool(struct writer *writer, bool value);
void writer_null(struct writer *writer);

/* A key and its value. Of a text NULL is null. */
void writer_put_text(struct writer *writer, const char *key, const char *text);
void writer_put_number(struct writer *writer, const char *key, uint64_t number);
void writer_put_bool(struct writer *writer, const char *key, bool value);

#endif

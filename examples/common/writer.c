/* SPDX-License-Identifier: MIT */
#include "writer.h"
#include "utf8.h"

#include <string.h>

#define FIRST_BYTES 512

void writer_start(struct writer *writer, TALLOC_CTX *parent)
{
    *writer = (struct writer){.parent = parent};
}

void writer_drain(struct writer *writer)
{
    writer->len = 0;
}

void writer_clear(struct writer *writer)
{
    writer->len = 0;
    writer->comma = false;
}

void writer_free(struct writer *writer)
{
    TALLOC_FREE(writer->data);
    writer_clear(writer);
}

/* Room for so many bytes more. */
static char *extend(struct writer *writer, size_t len)
{
    size_t room = writer->data != NULL ? talloc_get_size(writer->data) : 0;
    if (writer->len + len > room) {
        while (room < writer->len + len)
            room = room == 0 ? FIRST_BYTES : 2 * room;
        writer->data = talloc_realloc(writer->parent, writer->data, char, room);
    }
    writer->len += len;
    return writer->data + writer->len - len;
}

static void put(struct writer *writer, const char *text, size_t len)
{
    memcpy(extend(writer, len), text, len);
}

void writer_raw(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void begin(struct writer *writer)
{
    if (writer->comma)
        put(writer, ",", 1);
    writer->comma = true;
}

void writer_open(struct writer *writer, char bracket)
{
    begin(writer);
    put(writer, &bracket, 1);
    writer->comma = false;
}

void writer_close(struct writer *writer, char bracket)
{
    put(writer, &bracket, 1);
    writer->comma = true;
}

/* RFC 8259 7. Bytes that are no UTF-8 must not make the whole unreadable; U+2028 and U+2029, which
 * are ends of lines to some, and U+007F go escaped as well. */
static void put_character(struct writer *writer, uint32_t character, const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    bool plain = character >= ' ' && character != '"' && character != '\\' && character != 0x7f &&
                 character != 0x2028 && character != 0x2029;
    if (plain && (character != UTF8_REPLACEMENT || len == 3)) {
        put(writer, bytes, len);
    } else if (character == '"' || character == '\\') {
        put(writer, "\\", 1);
        put(writer, bytes, 1);
    } else {
        char *dst = extend(writer, 6);
        memcpy(dst, "\\u", 2);
        for (int i = 0; i < 4; i++)
            dst[2 + i] = digits[character >> (12 - 4 * i) & 15];
    }
}

void writer_text(struct writer *writer, const char *text)
{
    size_t left = strlen(text);
    begin(writer);
    put(writer, "\"", 1);
    while (left > 0) {
        uint32_t character;
        size_t len = utf8_decode(text, left, &character);
        put_character(writer, character, text, len);
        text += len;
        left -= len;
    }
    put(writer, "\"", 1);
}

void writer_key(struct writer *writer, const char *key)
{
    writer_text(writer, key);
    put(writer, ":", 1);
    writer->comma = false;
}

void writer_number(struct writer *writer, uint64_t number)
{
    char text[20];
    size_t at = sizeof(text);
    begin(writer);
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(writer, text + at, sizeof(text) - at);
}

static void put_word(struct writer *writer, const char *word)
{
    begin(writer);
    writer_raw(writer, word);
}

void writer_bool(struct writer *writer, bool value)
{
    put_word(writer, value ? "true" : "false");
}

void writer_null(struct writer *writer)
{
    put_word(writer, "null");
}

void writer_put_text(struct writer *writer, const char *key, const char *text)
{
    writer_key(writer, key);
    if (text == NULL)
        writer_null(writer);
    else
        writer_text(writer, text);
}

void writer_put_number(struct writer *writer, const char *key, uint64_t number)
{
    writer_key(writer, key);
    writer_number(writer, number);
}

void writer_put_bool(struct writer *writer, const char *key, bool value)
{
    writer_key(writer, key);
    writer_bool(writer, value);
}

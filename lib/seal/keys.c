/* SPDX-License-Identifier: MIT */
/* Key files. A line is read without copying its secret anywhere but to its place. */
#include "keys.h"

#include <string.h>

#define SECRET_DIGITS (2 * L2TPHA_KEY_SIZE)

/* What is left of a line. */
struct words {
    const char *at;
    const char *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word; empty at the end of the line, which is where a comment begins. */
static struct words next_word(struct words *line)
{
    while (line->at < line->end && is_blank(*line->at))
        line->at++;
    struct words word = {line->at, line->at};
    while (word.end < line->end && !is_blank(*word.end) && *word.end != '#')
        word.end++;
    line->at = word.end;
    if (line->at < line->end && *line->at == '#')
        line->at = line->end;
    return word;
}

static size_t length(struct words word)
{
    return (size_t)(word.end - word.at);
}

static bool is(struct words word, const char *text)
{
    return length(word) == strlen(text) && memcmp(word.at, text, length(word)) == 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static const char *read_id(struct words word, uint32_t *id)
{
    uint64_t value = 0;

    for (const char *c = word.at; c < word.end; c++) {
        if (*c < '0' || *c > '9')
            return "the id of a key is a number";
        value = 10 * value + (uint64_t)(*c - '0');
        if (value > UINT32_MAX)
            break;
    }
    if (value == 0 || value > UINT32_MAX)
        return "the id of a key is from 1 to 4294967295";
    *id = (uint32_t)value;
    return NULL;
}

static const char *read_secret(struct words word, uint8_t secret[L2TPHA_KEY_SIZE])
{
    uint8_t any = 0;

    if (length(word) != SECRET_DIGITS)
        return length(word) < SECRET_DIGITS ? "a key of less than 64 hexadecimal digits"
                                            : "a key of more than 64 hexadecimal digits";
    for (size_t i = 0; i < L2TPHA_KEY_SIZE; i++) {
        int high = digit(word.at[2 * i]), low = digit(word.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return "a key of other than hexadecimal digits";
        secret[i] = (uint8_t)(high << 4 | low);
        any |= secret[i];
    }
    return any ? NULL : "a key of zeros";
}

static const char *read_key(struct l2tpha_seal_keys *keys, struct words *line)
{
    if (keys->count == L2TPHA_SEAL_KEYS_MAX)
        return "more than 8 keys";
    struct seal_key *key = &keys->keys[keys->count];
    const char *why = read_id(next_word(line), &key->id);
    if (why == NULL && seal_keys_find(keys, key->id) != NULL)
        why = "another key has this id";
    if (why == NULL)
        why = read_secret(next_word(line), key->secret);
    if (why == NULL)
        keys->count++;
    return why;
}

static const char *read_suite(struct l2tpha_seal_keys *keys, struct words *line)
{
    struct words word = next_word(line);

    if (keys->suite != 0)
        return "a second suite";
    if (is(word, "chacha"))
        keys->suite = L2TPHA_SUITE_CHACHA;
    else if (is(word, "aes"))
        keys->suite = L2TPHA_SUITE_AES;
    else
        return "a suite is chacha or aes";
    return NULL;
}

static const char *read_line(struct l2tpha_seal_keys *keys, struct words line)
{
    struct words word = next_word(&line);
    const char *why;

    if (length(word) == 0)
        return NULL;
    if (is(word, "key"))
        why = read_key(keys, &line);
    else if (is(word, "suite"))
        why = read_suite(keys, &line);
    else
        return "neither key nor suite";
    return why == NULL && length(next_word(&line)) > 0 ? "too many words" : why;
}

static void wipe(const struct l2tpha_crypto *crypto, struct l2tpha_seal_keys *keys)
{
    crypto->wipe(crypto->user, (uint8_t *)keys->keys, sizeof(keys->keys));
}

static int fail(struct l2tpha_seal_fault *fault, unsigned line, const char *why)
{
    if (fault != NULL)
        *fault = (struct l2tpha_seal_fault){.line = line, .why = why};
    return why == NULL ? L2TPHA_OK : L2TPHA_ERR_INVALID;
}

static int read_all(struct l2tpha_seal_keys *keys, const char *text, size_t len,
                    struct l2tpha_seal_fault *fault)
{
    struct words rest = {text, text + len};
    unsigned number = 0;

    while (rest.at < rest.end) {
        const char *end = memchr(rest.at, '\n', length(rest));
        struct words line = {rest.at, end != NULL ? end : rest.end};
        const char *why = read_line(keys, line);
        number++;
        if (why != NULL)
            return fail(fault, number, why);
        rest.at = end != NULL ? end + 1 : rest.end;
    }
    if (keys->count == 0)
        return fail(fault, 0, "no key");
    if (keys->suite == 0)
        keys->suite = L2TPHA_SUITE_CHACHA;
    return fail(fault, 0, NULL);
}

int l2tpha_seal_keys_replace(struct l2tpha_seal_keys *keys, const char *text, size_t len,
                             struct l2tpha_seal_fault *fault)
{
    struct l2tpha_seal_keys read = {.crypto = keys->crypto};

    if (text == NULL && len > 0)
        return L2TPHA_ERR_INVALID;
    int error = read_all(&read, text != NULL ? text : "", len, fault);
    if (error == L2TPHA_OK)
        *keys = read;
    wipe(keys->crypto, &read);
    return error;
}

static int destroy(struct l2tpha_seal_keys *keys)
{
    wipe(keys->crypto, keys);
    return 0;
}

int l2tpha_seal_keys_new(TALLOC_CTX *parent, const struct l2tpha_crypto *crypto, const char *text,
                         size_t len, struct l2tpha_seal_fault *fault,
                         struct l2tpha_seal_keys **keys)
{
    if (keys == NULL)
        return L2TPHA_ERR_INVALID;
    *keys = NULL;
    if (fault != NULL)
        *fault = (struct l2tpha_seal_fault){0};
    if (crypto == NULL || crypto->wipe == NULL)
        return L2TPHA_ERR_CRYPTO;
    struct l2tpha_seal_keys *made = talloc_zero(parent, struct l2tpha_seal_keys);
    if (made == NULL)
        return L2TPHA_ERR_NOMEM;
    made->crypto = crypto;
    talloc_set_destructor(made, destroy);
    int error = l2tpha_seal_keys_replace(made, text, len, fault);
    if (error != L2TPHA_OK) {
        talloc_free(made);
        return error;
    }
    *keys = made;
    return L2TPHA_OK;
}

void l2tpha_seal_keys_free(struct l2tpha_seal_keys *keys)
{
    talloc_free(keys);
}

uint32_t l2tpha_seal_keys_id(const struct l2tpha_seal_keys *keys, size_t index)
{
    return index < keys->count ? keys->keys[index].id : 0;
}

enum l2tpha_suite l2tpha_seal_keys_suite(const struct l2tpha_seal_keys *keys)
{
    return keys->suite;
}

const struct seal_key *seal_keys_find(const struct l2tpha_seal_keys *keys, uint32_t id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].id == id)
            return &keys->keys[i];
    return NULL;
}

/* SPDX-License-Identifier: MIT */
/* --ha-key FILE: keys for the stream to the other node, in a file that nobody else may use. What
 * they are is for libl2tpha-seal to say. */
#ifndef EXAMPLES_KEY_FILE_H
#define EXAMPLES_KEY_FILE_H

#define KEY_FILE_MAX 16384 /* bytes: eight keys, and much to say of them */

struct key_file {
    char text[KEY_FILE_MAX + 2]; /* one more byte than may be, and the end */
    char why[40];
};

/* Read it. NULL, or what is wrong, static or in file: then nothing of the text is kept. */
const char *key_file_read(struct key_file *file, const char *path);
void key_file_wipe(struct key_file *file);

#endif

/* SPDX-License-Identifier: MIT */
/* Feeds files to a fuzz target that is built without libFuzzer, so that the corpus is an ordinary
 * test with any compiler. A target may say by REPLAY_END() whether more than one have got
 * everywhere.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#ifdef REPLAY_END
int REPLAY_END(void);
#else
#define REPLAY_END() 1
#endif

#define INPUT_MAX 70000

static int replay(const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        return -1;
    }
    size_t len = fread(buffer, 1, sizeof(buffer), file);
    fclose(file);
    uint8_t *exact = malloc(len ? len : 1); /* a read past the end is seen */
    if (!exact)
        return -1;
    for (size_t i = 0; i < len; i++)
        exact[i] = buffer[i];
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) < 0)
            return EXIT_FAILURE;
    if (argc > 2 && !REPLAY_END())
        return EXIT_FAILURE;
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

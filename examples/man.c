/* SPDX-License-Identifier: MIT */
/* l2tpha-man: print the manual page of one of the programs. The build runs it; nobody installs it.
 */
#include "common/manual.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const struct program_row *program;
    for (size_t i = 0; argc == 3 && (program = program_row_at(i)) != NULL; i++)
        if (strcmp(program->name, argv[1]) == 0) {
            manual_print(program, argv[2], stdout);
            return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    fprintf(stderr, "usage: l2tpha-man PROGRAM YYYY-MM-DD\n");
    return 2;
}

/* SPDX-License-Identifier: MIT */
#include "help.h"
#include "option_rows.h"

#include <string.h>

#define OPTION_WIDTH 28
#define COMMAND_WIDTH 22

/* Two columns; what is too long for the left one has a line of its own where it is a command's. */
static void print_row(const char *left, int width, const char *help, FILE *out)
{
    if (width == COMMAND_WIDTH && strlen(left) > (size_t)width)
        fprintf(out, "  %s\n%*s", left, width + 3, "");
    else
        fprintf(out, "  %-*s ", width, left);
    for (; *help != '\0'; help++) {
        fputc(*help, out);
        if (*help == '\n')
            fprintf(out, "%*s", width + 3, "");
    }
    fputc('\n', out);
}

static void print_option(const struct option_row *row, FILE *out)
{
    char left[64], help[512];
    if (row->letter != 0)
        snprintf(left, sizeof(left), "--%s, -%c", row->name, row->letter);
    else
        snprintf(left, sizeof(left), "--%s %s", row->name, row->value != NULL ? row->value : "");
    option_help_text(row, help, sizeof(help));
    print_row(left, OPTION_WIDTH, help, out);
}

void help_print(enum program program, FILE *out)
{
    const struct program_row *about = program_row_of(program);
    fprintf(out, "usage: %s %s\n", about->name, about->arguments);
    if (about->words != NULL)
        fprintf(out, "%s%s\n", about->words, about->commands != NULL ? " Commands:" : "");
    for (const struct command_row *row = about->commands; row != NULL && row->syntax != NULL; row++)
        print_row(row->syntax, COMMAND_WIDTH, row->help, out);
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].programs & (int)program)
            print_option(&option_rows[i], out);
}

/* SPDX-License-Identifier: MIT */
#include "manual.h"

#include <ctype.h>
#include <l2tpha/version.h>
#include <string.h>

/* Text as roff takes it for itself: hyphens that can be copied, no request at the start of a line.
 */
static void put_text(const char *text, FILE *out)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text != '\0'; text++)
        switch (*text) {
        case '-':
            fputs("\\-", out);
            break;
        case '\\':
            fputs("\\e", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        case '\n':
            fputc(' ', out);
            break;
        default:
            fputc(*text, out);
        }
}

static void put_line(const char *text, FILE *out)
{
    put_text(text, out);
    fputc('\n', out);
}

static void put_upper(const char *text, FILE *out)
{
    char letter[2] = "";
    for (; *text != '\0'; text++) {
        letter[0] = (char)toupper((unsigned char)*text);
        put_text(letter, out);
    }
}

static void put_bold(const char *before, const char *text, FILE *out)
{
    fprintf(out, "\\fB%s", before);
    put_text(text, out);
    fputs("\\fR", out);
}

static void put_value(const struct option_row *row, FILE *out)
{
    if (row->value != NULL) {
        fputs(" \\fI", out);
        put_text(row->value, out);
        fputs("\\fR", out);
    }
}

/* Where the help does not name them itself. */
static void put_range(const struct option_row *row, FILE *out)
{
    uint32_t min = row->min, max = row->max, initial;
    if (row->kind != KIND_NUMBER)
        return;
    if (row->setting != NULL)
        option_range(row, &min, &max, &initial);
    fprintf(out, ".br\nFrom %u to %u.\n", min, max);
}

static void put_option(const struct option_row *row, FILE *out)
{
    char help[512];
    char letter[2] = {row->letter, '\0'};
    fputs(".TP\n", out);
    put_bold("\\-\\-", row->name, out);
    put_value(row, out);
    if (row->letter != 0) {
        fputs(", ", out);
        put_bold("\\-", letter, out);
    }
    fputc('\n', out);
    option_help_text(row, help, sizeof(help));
    put_line(help, out);
    put_range(row, out);
}

static void put_commands(const struct command_row *rows, FILE *out)
{
    fputs(".SH COMMANDS\n", out);
    for (; rows->syntax != NULL; rows++) {
        fputs(".TP\n", out);
        put_bold("", rows->syntax, out);
        fputc('\n', out);
        put_line(rows->help, out);
    }
}

static void put_others(const struct program_row *program, FILE *out)
{
    const struct program_row *other;
    const char *between = "";
    fputs(".SH SEE ALSO\n", out);
    for (size_t i = 0; (other = program_row_at(i)) != NULL; i++) {
        if (other == program)
            continue;
        fputs(between, out);
        put_bold("", other->name, out);
        fputs("(8)", out);
        between = ",\n";
    }
    fputc('\n', out);
}

void manual_print(const struct program_row *program, const char *date, FILE *out)
{
    fputs(".TH ", out);
    put_upper(program->name, out);
    fprintf(out, " 8 %s \"l2tpha %s\" \"System Administration\"\n.SH NAME\n", date, L2TPHA_VERSION);
    put_text(program->name, out);
    fputs(" \\- ", out);
    put_line(program->summary, out);
    fputs(".SH SYNOPSIS\n", out);
    put_bold("", program->name, out);
    fputc(' ', out);
    put_line(program->arguments, out);
    fputs(".SH DESCRIPTION\n", out);
    put_line(program->about, out);
    if (program->words != NULL)
        put_line(program->words, out);
    if (program->commands != NULL)
        put_commands(program->commands, out);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].programs & (int)program->program)
            put_option(&option_rows[i], out);
    fputs(".SH EXIT STATUS\n", out);
    put_line(program->exits != NULL
                 ? program->exits
                 : "0 for success, 1 for a failure, 2 for a command line that makes no sense.",
             out);
    put_others(program, out);
}

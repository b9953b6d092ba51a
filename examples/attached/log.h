/* SPDX-License-Identifier: MIT */
/* Lines on standard error. */
#ifndef ATTACHED_LOG_H
#define ATTACHED_LOG_H

__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif

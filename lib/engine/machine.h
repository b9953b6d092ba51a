/* SPDX-License-Identifier: MIT */
/* The built-in machines as those below see them. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include "control/machine.h"

extern const struct machine_ops builtin_machine;

#endif

/* SPDX-License-Identifier: MIT */
#ifndef CONSUMER_MARK_H
#define CONSUMER_MARK_H

/* 0 = peers that differ in their mark alone are told apart. */
int check_marks(void);

#endif

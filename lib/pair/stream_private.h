/* SPDX-License-Identifier: MIT */
/* Beside the octets of a stream over unix: descriptors, the farewells, whose process it is. */
#ifndef PAIR_STREAM_PRIVATE_H
#define PAIR_STREAM_PRIVATE_H

#include "stream.h"

/* The standby has taken none of the descriptors that are under way: doubled each time. */
#define PASS_AGAIN_US 2000

/* Active: the socket and the channel for farewells go first. NULL, or why they do not. */
const char *stream_pass_descriptors(struct stream *stream);
/* Active: what the standby is yet to be told of. False = it is not told of all now. */
bool stream_pass_given(struct stream *stream);
/* Standby: what goes first has come, or is still to come (stream->passing). NULL, or why the stream
 * is over. */
const char *stream_take_descriptors(struct stream *stream);
/* Standby: what the active has passed under tags so far. It has sent that before what its stream
 * says of it. */
void stream_take_passed(struct stream *stream);

#endif

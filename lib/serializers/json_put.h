/* SPDX-License-Identifier: MIT */
#ifndef SERIALIZERS_JSON_PUT_H
#define SERIALIZERS_JSON_PUT_H

#include <l2tpha/serializer.h>

/* As in struct l2tpha_serializer. */
int json_put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing);
/* With "(hidden)" for what is secret, or may be. */
int json_put_record_hidden(const struct l2tpha_record *record, struct l2tpha_writing *writing);
int json_put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing);

#endif

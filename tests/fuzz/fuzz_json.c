/* SPDX-License-Identifier: MIT */
/* One checkpoint as JSON, whatever it is. */
#include "fuzz/convert.h"

#include <l2tpha/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    convert_and_back(l2tpha_serializer_json(), data, size);
    return 0;
}

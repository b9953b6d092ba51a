/* SPDX-License-Identifier: MIT */
#include "state/ledger_resume.h"

#include "state/ledger_private.h"
#include "state/ledger_stop.h"

int ledger_resume(struct ledger *ledger, uint32_t id, uint64_t copy, uint64_t last)
{
    struct cursor *cursor = cursor_of(ledger, id);

    /* Names of copies begin by chance, so nobody's numbers are taken for another's. */
    if (!cursor || !cursor->kept || cursor->bulk.differs || copy != cursor->bulk.generation ||
        last > ledger->last || last < cursor->acknowledged)
        return L2TPHA_ERR_NOT_FOUND;
    cursor->kept = false;
    cursor->resumes = true;
    cursor->state = CURSOR_COPYING;
    cursor->bulk.phase = BULK_WALKED;
    cursor->acknowledged = cursor->shipped = cursor->ungated = cursor->whole = last;
    ledger_follow(ledger, NULL);
    return L2TPHA_OK;
}

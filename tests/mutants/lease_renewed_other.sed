# lib/authority/lease.c
# world cluster
# seed 1899
# The renewal of another's claim is one of ours.
s/^    bool ended = status == L2TPHA_ERR_FENCED || /    status = status == L2TPHA_ERR_FENCED ? L2TPHA_OK : status;\
    bool ended = /

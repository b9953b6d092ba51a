# lib/redundancy/link_digest.c
# program runner link_digest
# What differs ends the link.
s/^    if (!error)$/    if (error == L2TPHA_ERR_DIGEST)\
        return error;\
&/

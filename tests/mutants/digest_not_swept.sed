# lib/state/replica_bucket.c
# program runner bucket
# What the active does not have stays in the standby's bucket.
/^static int sweep/,/^}/s/^\(    .*if (item\.[a-z]*\) && /\1 \&\& !item.session \&\& !item.tunnel \&\& /

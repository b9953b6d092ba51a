# lib/authority/lease.c
# world cluster
# Who has no answer has changed nothing.
s/lease->unknown = true; /lease->unknown = false; /

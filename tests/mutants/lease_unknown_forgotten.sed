# lib/authority/lease.c
# world cluster
# seed 156
# Who has no answer has changed nothing.
s/lease->unknown = true; /lease->unknown = false; /

# lib/authority/lease.c
# world cluster
# The next epoch is the newest and one, whoever takes it.
s/l2tpha_epoch_next(newest, .*)/newest + 1/

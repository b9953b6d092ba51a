# lib/authority/lease.c
# world cluster
# The lease counts from the answer.
s/serving_begin(lease, lease->\(beside\|asked\)_at, now)/serving_begin(lease, now, now)/

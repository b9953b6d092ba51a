# lib/redis/job.c
# program redis_runner redis_store
# Fewer replicas than asked for are a warning.
s/^    if (count->integer >= store->wait_for && .*$/    if (count->integer >= 0)/

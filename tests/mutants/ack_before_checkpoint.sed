# lib/control/channel.c
# A ZLB acknowledges what was processed, not what is safe with the standby.
s/\.nr = channel->entry->nr_safe,/.nr = channel->entry->record.nr,/

# lib/control/channel.c
# A message leaves before the standby has it.
s/serial_before(channel->cursor_ns, channel->entry->ns_safe)/serial_before(channel->cursor_ns, channel->entry->record.ns)/

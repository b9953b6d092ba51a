# lib/engine/channel.c
# A message leaves before the standby has it.
s/serial_before(channel->cursor_ns, entry->ns_safe)/serial_before(channel->cursor_ns, entry->record.ns)/

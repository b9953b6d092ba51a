# lib/control/channel.c
# A message sent again acknowledges what was processed, not what is safe with the standby.
/channel_wire(channel)->stamp(message->data, channel->cursor_ns, channel->entry->nr_safe);/c\
    bool again = serial_before(channel->cursor_ns, channel->sent_ns);\
    channel_wire(channel)->stamp(message->data, channel->cursor_ns,\
                                 again ? channel->entry->record.nr : channel->entry->nr_safe);

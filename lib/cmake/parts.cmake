# SPDX-License-Identifier: MIT
# Parts that a build may leave out, by files: those of a part, and the one that takes their place and
# answers L2TPHA_ERR_UNSUPPORTED. Nothing in the code asks which parts there are. docs/size.md.

set(L2TPHA_ABSENT "")
# l2tpha_part(NAME TEXT INSTEAD FILE...): the option L2TPHA_NAME, by default ON. Works on L2TPHA_CORE.
macro(l2tpha_part name text instead)
  option(L2TPHA_${name} "${text}" ON)
  set(part_files ${ARGN})
  if(L2TPHA_${name})
    set(part_files ${instead})
  else()
    list(APPEND L2TPHA_ABSENT ${name})
  endif()
  foreach(file ${part_files})
    list(REMOVE_ITEM L2TPHA_CORE ${PROJECT_SOURCE_DIR}/lib/${file})
  endforeach()
endmacro()

l2tpha_part(OBSERVE "build names, texts and packet capture" observe/absent.c
            observe/capture.c observe/counters.c base/error_text.c codec/avp_name.c codec/result_text.c)
if(L2TPHA_OBSERVE) # what takes their place in several layers
  list(FILTER L2TPHA_CORE EXCLUDE REGEX "/(error_text|avp_name|result_text)_absent\\.c$")
else()
  add_compile_definitions(L2TPHA_WORDLESS)
endif()
l2tpha_part(REDUNDANCY "build the replication link" redundancy/absent.c
            node/digest.c node/digest_absent.c node/link.c redundancy/link_digest.c
            redundancy/byte_queue.c redundancy/link.c redundancy/link_copy.c redundancy/link_end.c
            redundancy/link_frame.c redundancy/link_input.c redundancy/link_output.c redundancy/link_presence.c
            redundancy/link_switchover.c redundancy/audit.c)
l2tpha_part(DIGESTS "build digests of what active and standby hold" node/digest_absent.c
            node/digest.c redundancy/link_digest.c state/bucket.c state/ledger_bucket.c state/replica_bucket.c)
l2tpha_part(LAC "build the LAC's machines of calls" engine/lac_absent.c engine/lac_fsm.c)
l2tpha_part(LNS "build the LNS's machines of calls" engine/lns_absent.c engine/lns_fsm.c)
l2tpha_part(FAILOVER_PROTOCOL "build recovery by RFC 4951" failover/absent.c
            failover/answer.c failover/recovery.c failover/recovery_action.c failover/recovery_end.c
            failover/recovery_fsm.c failover/recovery_input.c failover/recovery_sign.c failover/remote.c
            failover/request.c failover/response.c failover/set_up.c failover/sync.c)
l2tpha_part(ATTACH "build what lets a daemon keep its own machines" attach/absent.c
            attach/api.c attach/hear.c attach/machine.c attach/say.c node/attach.c)
l2tpha_part(ENGINE "build the built-in machines" engine/absent.c
            engine/lac_absent.c engine/lac_fsm.c engine/lns_absent.c engine/lns_fsm.c engine/machine.c
            engine/session_action.c engine/session_api.c engine/session_avps.c engine/session_errors.c
            engine/session_fsm.c engine/session_message.c engine/session_rows.c engine/session_wait.c
            engine/tunnel_action.c engine/tunnel_fsm.c engine/tunnel_message.c engine/tunnel_request.c)
if(NOT L2TPHA_ENGINE AND L2TPHA_FAILOVER_PROTOCOL)
  message(FATAL_ERROR "recovery tunnels (L2TPHA_FAILOVER_PROTOCOL) have the built-in machines (L2TPHA_ENGINE)")
elseif(NOT L2TPHA_ENGINE AND NOT L2TPHA_ATTACH)
  message(FATAL_ERROR "a node has machines: the built-in ones (L2TPHA_ENGINE), or a daemon's (L2TPHA_ATTACH)")
elseif(L2TPHA_ENGINE AND NOT L2TPHA_LAC AND NOT L2TPHA_LNS)
  message(FATAL_ERROR "the built-in machines are a LAC's (L2TPHA_LAC), an LNS's (L2TPHA_LNS), or both")
endif()

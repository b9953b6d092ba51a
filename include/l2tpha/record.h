/* SPDX-License-Identifier: MIT */
/** @file
 *  What is replicated: flat, host-order records of tunnels, sessions, sequence state,
 *  unacknowledged messages and the node itself. They are the same on every serializer and link. */
#ifndef L2TPHA_RECORD_H
#define L2TPHA_RECORD_H

#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Control connection states (RFC 2661 7.2.1), with the two in which a tunnel lingers. Values are
 *  part of the record format. */
enum l2tpha_tunnel_state {
    L2TPHA_TUNNEL_IDLE = 0,           /**< about to be opened, or gone */
    L2TPHA_TUNNEL_WAIT_CTL_REPLY = 1, /**< SCCRQ sent */
    L2TPHA_TUNNEL_WAIT_CTL_CONN = 2,  /**< SCCRP sent */
    L2TPHA_TUNNEL_ESTABLISHED = 3,    /**< calls may be placed */
    L2TPHA_TUNNEL_STOPPING = 4,       /**< StopCCN sent; its delivery is awaited (RFC 2661 5.7) */
    L2TPHA_TUNNEL_STOPPED = 5 /**< StopCCN received; copies are acknowledged for one cycle */
};

/** Session states of all four machines (RFC 2661 7.4.1, 7.4.2, 7.5.1, 7.5.2). Values are part of
 *  the record format. */
enum l2tpha_session_state {
    L2TPHA_SESSION_IDLE = 0,           /**< gone */
    L2TPHA_SESSION_WAIT_TUNNEL = 1,    /**< nothing sent yet */
    L2TPHA_SESSION_WAIT_REPLY = 2,     /**< ICRQ or OCRQ sent */
    L2TPHA_SESSION_WAIT_CONNECT = 3,   /**< ICRP sent, or OCRP received */
    L2TPHA_SESSION_WAIT_CS_ANSWER = 4, /**< OCRP sent; the bearer is to answer */
    L2TPHA_SESSION_ESTABLISHED = 5     /**< data may flow */
};

/** Bits of l2tpha_tunnel_record::flags. */
enum l2tpha_tunnel_flag {
    L2TPHA_TUNNEL_INITIATOR = 1,     /**< this end sent the SCCRQ */
    L2TPHA_TUNNEL_AUTHENTICATED = 2, /**< the peer answered our challenge */
    L2TPHA_TUNNEL_HIDE = 4,          /**< hide what may be hidden */
    L2TPHA_TUNNEL_TIE_BREAKER = 8,   /**< tie_breaker is meaningful */
    L2TPHA_TUNNEL_BEARER_CAPS = 16,  /**< the peer sent Bearer Capabilities */
    L2TPHA_TUNNEL_ANNOUNCED = 32,    /**< this end sent Failover Capability with C set */
    L2TPHA_TUNNEL_MUTE = 64,         /**< this end announces no failover capability to this peer */
    L2TPHA_TUNNEL_NO_HA = 128,       /**< not protected: a switch is off */
    L2TPHA_TUNNEL_GROUP_OFF = 256,   /**< ... its group's */
    L2TPHA_TUNNEL_INCAPABLE = 512, /**< not protected: the failover protocol is configured, and not
                                        both ends have announced it */
    L2TPHA_TUNNEL_RESET_SENT = 1024, /**< silent recovery is impossible: reset by a recovery of
                                      which the peer may not know the end, or taken over from a
                                      stale record */
    L2TPHA_TUNNEL_LAGGING = 2048,    /**< outputs precede this record: its numbers are bounds */
    L2TPHA_TUNNEL_UNSYNCED = 4096, /**< recovered by RFC 4951, and the sessions are not synchronised
                                       yet (3.3): whoever takes over asks about them */
    L2TPHA_TUNNEL_UNCERTAIN = 8192, /**< taken over from a record that the old active may have left
                                      behind: RFC 4951 has to resynchronise it yet */
    L2TPHA_TUNNEL_ATTACHED = 16384  /**< its machines are a daemon's: l2tpha/attach.h */
};

/** Bits of l2tpha_session_record::flags. */
enum l2tpha_session_flag {
    L2TPHA_SESSION_SEQUENCING_REQUIRED = 1, /**< Sequencing Required was given (RFC 2661 5.4) */
    L2TPHA_SESSION_SEQUENCING = 2,          /**< numbers are being sent */
    L2TPHA_SESSION_LOCAL_CALL = 4,          /**< this end asked for the call */
    L2TPHA_SESSION_NEEDS_APP = 8,           /**< ready only with host-attached state */
    L2TPHA_SESSION_LINK_INFO = 16,          /**< an SLI has come: both ACCMs are the peer's */
    L2TPHA_SESSION_PEER_SEQUENCING = 32     /**< the LNS's: the LAC's last frame had a number */
};

/** A tunnel, whole. Byte strings are views. */
struct l2tpha_tunnel_record {
    size_t size;                     /**< sizeof(struct l2tpha_tunnel_record) */
    uint32_t local_id;               /**< our Assigned Tunnel ID, never 0; of L2TPv2 16 bits */
    uint32_t remote_id;              /**< the peer's, 0 while unknown */
    uint8_t state;                   /**< enum l2tpha_tunnel_state */
    uint8_t configured_method;       /**< enum l2tpha_failover_method, as configured for its peer;
                                          L2TPHA_FAILOVER_NOT_CONFIGURED = the node's */
    uint8_t effective_method;        /**< the one in force, fixed at establishment */
    uint32_t flags;                  /**< enum l2tpha_tunnel_flag bits */
    uint32_t recovers;               /**< local id of the tunnel that this recovery tunnel is for
                                          (RFC 4951 3.2.1), 0 = an ordinary tunnel */
    uint16_t local_window;           /**< Receive Window Size that we advertised, messages */
    uint16_t remote_window;          /**< the peer's, 4 when it sent none (RFC 2661 5.8) */
    uint16_t ns;                     /**< Ns of the next new message */
    uint16_t nr;                     /**< next Ns expected from the peer */
    uint16_t acked;                  /**< oldest Ns of ours that is not acknowledged */
    uint16_t session_ids_shift;      /**< how far the order of the ids of calls is ahead of ns,
                                          modulo 2^16 */
    uint32_t framing_caps;           /**< the peer's Framing Capabilities */
    struct l2tpha_path path;         /**< of the control connection; data frames take it too */
    struct l2tpha_bytes secret;      /**< shared secret; empty = none */
    struct l2tpha_bytes peer_name;   /**< Host Name AVP of the peer, verbatim */
    struct l2tpha_bytes peer_vendor; /**< Vendor Name AVP of the peer, verbatim */
    struct l2tpha_bytes challenge;   /**< ours, while its response is outstanding */
    struct l2tpha_bytes app_state;   /**< attached by the host, opaque */
    struct l2tpha_bytes own_name;    /**< Host Name AVP of a daemon's SCCRQ or SCCRP, verbatim;
                                          empty = l2tpha_config::name */
    struct l2tpha_bytes unknown;     /**< fields of a newer release, kept byte for byte */
    uint32_t bearer_caps;            /**< the peer's Bearer Capabilities */
    uint32_t remote_failover;        /**< bits of the peer's Failover Capability AVP (RFC 4951
                                          5.1) */
    uint32_t remote_recovery_ms;     /**< its Recovery Time, milliseconds */
    uint16_t result;                 /**< Result Code of the StopCCN sent or received */
    uint16_t error;                  /**< its general error code */
    uint16_t suggested_ns;           /**< of a recovery tunnel that the peer asked for: Suggested */
    uint16_t suggested_nr;           /**< Control Sequence, as sent */
    uint16_t resync_packets;         /**< as configured for its peer, 0 = the node's */
    uint16_t resets;                 /**< two more with each reset of the control channel (RFC 4951
                                          3.2.2), modulo 2^16; odd when numbered data began at 0
                                          again with the last one (3.2.3) */
    uint8_t tie_breaker[8];          /**< ours, while the SCCRQ is outstanding; of a tunnel that the
                                          peer has asked for a digest of its SCCRQ */
#ifdef L2TPHA_NEXT
    uint32_t next_sum; /**< of ns and nr */
#endif
};

/** A session, whole. Byte strings are views. */
struct l2tpha_session_record {
    size_t size;           /**< sizeof(struct l2tpha_session_record) */
    uint32_t tunnel_id;    /**< local id of its tunnel */
    uint32_t local_id;     /**< our Assigned Session ID, never 0; of L2TPv2 16 bits */
    uint32_t remote_id;    /**< the peer's, 0 while unknown */
    uint8_t state;         /**< enum l2tpha_session_state */
    uint8_t side;          /**< enum l2tpha_side: our end's */
    uint8_t call;          /**< enum l2tpha_call */
    uint8_t flags;         /**< enum l2tpha_session_flag bits */
    uint32_t serial;       /**< Call Serial Number */
    uint32_t framing;      /**< Framing Type bits, at most 255 */
    uint32_t bearer;       /**< Bearer Type bits, at most 255 */
    uint64_t tx_speed;     /**< (Tx) Connect Speed, bit/s; of L2TPv2 32 bits */
    uint64_t rx_speed;     /**< Rx Connect Speed, bit/s; likewise */
    uint32_t data_ns;      /**< a number not below the next data Ns: numbers are leased ahead; of
                                L2TPv2 16 bits, of L2TPv3 24 (RFC 3931 4.6.1) */
    uint32_t data_nr;      /**< next data Ns expected; may lag; likewise */
    uint32_t send_accm;    /**< of the last SLI received (RFC 2661 4.4.6); until there was one the
                                format has 0 and l2tpha_session_get() the default, all ones */
    uint32_t receive_accm; /**< likewise */
    struct l2tpha_bytes request;   /**< encoded AVPs of the request not yet sent (wait-tunnel) */
    struct l2tpha_bytes connect;   /**< encoded AVPs of the ICCN or OCCN not yet sent */
    struct l2tpha_bytes app_state; /**< attached by the host, opaque */
    struct l2tpha_bytes unknown;   /**< fields of a newer release, kept byte for byte */
#ifdef L2TPHA_NEXT
    uint32_t next_mark; /**< of the release that made it */
#endif
};

/** The hot part of a tunnel alone. */
struct l2tpha_sequence_record {
    uint32_t tunnel_id; /**< local id */
    uint16_t ns;        /**< Ns of the next new message */
    uint16_t nr;        /**< next Ns expected from the peer */
    uint16_t acked;     /**< oldest unacknowledged Ns of ours */
};

/** A message of ours that the peer has not acknowledged: the datagram byte for byte, its Ns in
 *  place, Nr zero. Messages directly follow the tunnel or sequence record that they belong to. */
struct l2tpha_message_record {
    uint32_t tunnel_id;        /**< local id */
    uint16_t ns;               /**< its Ns, tied to these bytes for ever */
    struct l2tpha_bytes bytes; /**< the datagram; a view */
};

/** Something that is gone. */
struct l2tpha_gone_record {
    uint32_t tunnel_id;  /**< local id */
    uint32_t session_id; /**< local id; 0 = the tunnel with all its sessions */
};

/** What the node gives out over all its tunnels, so that after a takeover no tunnel id comes back
 *  before all the others and Call Serial Numbers go on rising (RFC 2661 4.4.4). */
struct l2tpha_node_record {
    size_t size;           /**< sizeof(struct l2tpha_node_record) */
    uint8_t tunnel_key[8]; /**< of the order in which tunnel and session ids come, network byte
                                order; a secret; all zero = not chosen yet, and the rest means
                                nothing */
    uint16_t tunnel_place; /**< ids of that order taken so far, modulo their number, 65535 for all
                            */
    uint32_t call_serial;  /**< last Call Serial Number used */
    uint16_t tunnel_id_first;    /**< of the node's range of tunnel ids; 0 = all are its */
    uint16_t tunnel_id_last;     /**< likewise */
    struct l2tpha_bytes unknown; /**< fields of a newer release, kept byte for byte; a view */
    uint32_t level;              /**< in force, l2tpha_level(); 0 = none was committed */
#ifdef L2TPHA_NEXT
    uint32_t next_serial; /**< call_serial, once more */
#endif
};

/** Kinds of record; values are field numbers of `message Record` in l2tpha.proto. */
enum l2tpha_record_kind {
    L2TPHA_RECORD_UNKNOWN = 0, /**< of a newer release: to be passed over */
    L2TPHA_RECORD_TUNNEL = 1,
    L2TPHA_RECORD_SESSION = 2,
    L2TPHA_RECORD_SEQUENCE = 3,
    L2TPHA_RECORD_MESSAGE = 4,
    L2TPHA_RECORD_GONE = 5,
    L2TPHA_RECORD_NODE = 6
};

/** One record of any kind. */
struct l2tpha_record {
    enum l2tpha_record_kind kind; /**< which member of the union is set */
    union {
        struct l2tpha_tunnel_record tunnel;     /**< L2TPHA_RECORD_TUNNEL */
        struct l2tpha_session_record session;   /**< L2TPHA_RECORD_SESSION */
        struct l2tpha_sequence_record sequence; /**< L2TPHA_RECORD_SEQUENCE */
        struct l2tpha_message_record message;   /**< L2TPHA_RECORD_MESSAGE */
        struct l2tpha_gone_record gone;         /**< L2TPHA_RECORD_GONE */
        struct l2tpha_node_record node;         /**< L2TPHA_RECORD_NODE */
    } of;                                       /**< the record; none when the kind is UNKNOWN */
};

/** What a checkpoint is for. Values are part of the format. */
enum l2tpha_checkpoint_kind {
    L2TPHA_CHECKPOINT_INCREMENT = 0,  /**< changes of transactions, applied whole or not at all */
    L2TPHA_CHECKPOINT_BULK_BEGIN = 1, /**< a full copy starts; generation is its name */
    L2TPHA_CHECKPOINT_BULK_PART = 2,  /**< some of the copy's records */
    L2TPHA_CHECKPOINT_BULK_END = 3,   /**< the copy is complete: count and digest of its parts */
    L2TPHA_CHECKPOINT_ABANDON = 4,    /**< the active goes on without this standby, which is stale
                                         from here on */
    L2TPHA_CHECKPOINT_RESUME = 5      /**< a standby that was cut off has everything again, without
                                         a copy */
};

/** Version of the checkpoint format written by this release, and the oldest one read. */
#define L2TPHA_CHECKPOINT_VERSION 1

/** Level of this release: it grows when what records mean does (docs/checkpoint-format.md,
 *  "Levels"). L2TPHA_NEXT makes the library as if it were a newer one, to be tried with this. */
#ifdef L2TPHA_NEXT
#define L2TPHA_LEVEL 2
#else
#define L2TPHA_LEVEL 1
#endif
/** Lowest level of a node that this release shares tunnels with. */
#define L2TPHA_LEVEL_MIN 1

/** Longest checkpoint, bytes. */
#define L2TPHA_CHECKPOINT_MAX (1u << 20)

/** Highest number of a checkpoint: counting up from anything below it comes to no end. */
#define L2TPHA_CHECKPOINT_NUMBER_MAX (UINT64_MAX / 2)

/** What stands ahead of a checkpoint's records. */
struct l2tpha_checkpoint_header {
    uint32_t version;    /**< L2TPHA_CHECKPOINT_VERSION */
    uint64_t epoch;      /**< of the active that wrote it */
    uint64_t number;     /**< of an increment: consecutive within the epoch, at most
                              L2TPHA_CHECKPOINT_NUMBER_MAX; else of the one that it stands behind */
    uint8_t kind;        /**< enum l2tpha_checkpoint_kind */
    uint64_t generation; /**< of the bulk sync, else 0 */
    uint64_t count;      /**< BULK_END: records in the parts */
    uint64_t digest;     /**< BULK_END: running digest over the parts' records */
    uint64_t part;       /**< BULK_PART, BULK_END: its place in the copy, from 1 */
    uint32_t level;      /**< of the release that wrote it; 0 = 1 */
};

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
#include "ppp.h"

#include <string.h>

enum { IP = 0x0021, LCP = 0xc021, PAP = 0xc023, IPCP = 0x8021 };
enum { REQUEST = 1, ACK = 2, NAK = 3, REJECT = 4, ECHO_REQUEST = 9, ECHO_REPLY = 10 };
enum { LCP_MRU = 1, LCP_AUTH = 3, LCP_MAGIC = 5, IPCP_ADDRESS = 3 };

#define HEADER 4  /* ff 03, protocol */
#define PACKET 4  /* code, identifier, length */
#define ADDRESS 6 /* an IPCP address option */
#define IP_HEADER 20
#define ICMP_ECHO 8 /* its header */

static const uint8_t login[] = {4, 'u', 's', 'e', 'r', 4, 'p', 'a', 's', 's'};

static void put16(uint8_t *dst, unsigned value)
{
    dst[0] = (uint8_t)(value >> 8);
    dst[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *src)
{
    return (unsigned)src[0] << 8 | src[1];
}

static size_t put_header(uint8_t *frame, unsigned protocol)
{
    frame[0] = 0xff;
    frame[1] = 0x03;
    put16(frame + 2, protocol);
    return HEADER;
}

/* A packet of LCP, PAP or IPCP. */
static size_t put_packet(uint8_t *frame, unsigned protocol, uint8_t code, uint8_t identifier,
                         const uint8_t *body, size_t len)
{
    size_t at = put_header(frame, protocol);
    frame[at] = code;
    frame[at + 1] = identifier;
    put16(frame + at + 2, (unsigned)(PACKET + len));
    if (len > 0)
        memcpy(frame + at + PACKET, body, len);
    return at + PACKET + len;
}

static unsigned checksum(const uint8_t *data, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get16(data + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(sum + (sum >> 16)) & 0xffff;
}

static size_t put_ping(struct ppp *ppp, uint8_t *frame)
{
    uint8_t *ip = frame + put_header(frame, IP), *icmp = ip + IP_HEADER;
    memset(ip, 0, IP_HEADER + ICMP_ECHO);
    ip[0] = 0x45;
    put16(ip + 2, IP_HEADER + ICMP_ECHO);
    ip[8] = 64; /* hops */
    ip[9] = 1;  /* ICMP */
    memcpy(ip + 12, ppp->own, 4);
    memcpy(ip + 16, ppp->peer, 4);
    put16(ip + 10, checksum(ip, IP_HEADER));
    icmp[0] = 8; /* echo request */
    put16(icmp + 6, ++ppp->pings);
    put16(icmp + 2, checksum(icmp, ICMP_ECHO));
    return HEADER + IP_HEADER + ICMP_ECHO;
}

size_t ppp_next(struct ppp *ppp, uint8_t frame[PPP_FRAME_MAX])
{
    uint8_t address[ADDRESS] = {IPCP_ADDRESS, ADDRESS};
    if (!ppp->lcp_done)
        return put_packet(frame, LCP, REQUEST, 1, NULL, 0);
    if (ppp->must_login && !ppp->logged_in)
        return put_packet(frame, PAP, REQUEST, 2, login, sizeof(login));
    if (ppp->ip_done)
        return put_ping(ppp, frame);
    memcpy(address + 2, ppp->own, 4);
    return put_packet(frame, IPCP, REQUEST, 3, address, sizeof(address));
}

/* Whether we can live with an option that the peer asks for; what it means is kept. */
static bool accept_option(struct ppp *ppp, unsigned protocol, const uint8_t *option)
{
    bool is_address = protocol == IPCP && option[0] == IPCP_ADDRESS && option[1] == ADDRESS;
    bool is_pap = protocol == LCP && option[0] == LCP_AUTH && get16(option + 2) == PAP;
    if (is_address)
        memcpy(ppp->peer, option + 2, 4);
    if (is_pap)
        ppp->must_login = true;
    return is_address || is_pap ||
           (protocol == LCP && (option[0] == LCP_MRU || option[0] == LCP_MAGIC));
}

/* Acknowledge a Configure-Request, or reject what we cannot live with. */
static size_t answer_request(struct ppp *ppp, unsigned protocol, const uint8_t *packet, size_t len,
                             uint8_t *answer)
{
    uint8_t rejected[PPP_FRAME_MAX];
    size_t rejected_len = 0, at = PACKET;
    while (at + 4 <= len && packet[at + 1] >= 2 && at + packet[at + 1] <= len) {
        if (!accept_option(ppp, protocol, packet + at)) {
            memcpy(rejected + rejected_len, packet + at, packet[at + 1]);
            rejected_len += packet[at + 1];
        }
        at += packet[at + 1];
    }
    if (rejected_len > 0)
        return put_packet(answer, protocol, REJECT, packet[1], rejected, rejected_len);
    return put_packet(answer, protocol, ACK, packet[1], packet + PACKET, len - PACKET);
}

static size_t take_packet(struct ppp *ppp, unsigned protocol, const uint8_t *packet, size_t len,
                          uint8_t *answer)
{
    if (packet[0] == REQUEST)
        return answer_request(ppp, protocol, packet, len, answer);
    if (protocol == LCP && packet[0] == ACK)
        ppp->lcp_done = true;
    if (protocol == LCP && packet[0] == ECHO_REQUEST && len >= PACKET + 4) {
        static const uint8_t no_magic[4];
        return put_packet(answer, LCP, ECHO_REPLY, packet[1], no_magic, sizeof(no_magic));
    }
    if (protocol == IPCP && packet[0] == NAK && len >= PACKET + ADDRESS)
        memcpy(ppp->own, packet + PACKET + 2, 4);
    if (protocol == IPCP && packet[0] == ACK)
        ppp->ip_done = ppp->peer[0] != 0 && ppp->own[0] != 0;
    return 0;
}

static void take_ip(struct ppp *ppp, const uint8_t *ip, size_t len)
{
    if (len >= IP_HEADER + ICMP_ECHO && ip[9] == 1 && ip[IP_HEADER] == 0 &&
        memcmp(ip + 16, ppp->own, 4) == 0)
        ppp->replies++;
}

size_t ppp_take(struct ppp *ppp, const uint8_t *data, size_t len, uint8_t answer[PPP_FRAME_MAX])
{
    if (len >= 2 && data[0] == 0xff && data[1] == 0x03)
        data += 2, len -= 2;
    if (len < 2 + PACKET || len > PPP_FRAME_MAX - HEADER)
        return 0;
    unsigned protocol = get16(data);
    data += 2, len -= 2;
    if (protocol == IP)
        take_ip(ppp, data, len);
    if (protocol == PAP && data[0] == ACK)
        ppp->logged_in = true;
    if ((protocol != LCP && protocol != IPCP) || get16(data + 2) < PACKET || get16(data + 2) > len)
        return 0;
    return take_packet(ppp, protocol, data, get16(data + 2), answer);
}

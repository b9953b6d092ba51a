/* SPDX-License-Identifier: MIT */
#include "script.h"

#define OWNED                                                                                      \
    "local owner = redis.call('HGET', KEYS[1], 'owner') "                                          \
    "if not owner then return 'GONE' end "                                                         \
    "if owner ~= ARGV[1] then return 'FENCED' end "

/* Ids and epochs are digits of one length, so that text is compared as numbers are. */
const char script_acquire[] =
    "local head, all = {}, redis.call('HGETALL', KEYS[1]) "
    "for i = 1, #all, 2 do head[all[i]] = all[i + 1] end "
    "if head.format and head.format ~= '1' then return {'FORMAT'} end "
    "local level_min = head.level_min or '1' "
    "if tonumber(level_min) > tonumber(ARGV[10]) then return {'LEVEL', level_min} end "
    "local owner, me, how = head.owner, ARGV[1], ARGV[3] "
    "local mine = owner and string.sub(owner, 1, #me) == me "
    "if owner and not mine and (how == 'again' or "
    "how == 'serve' and (head.epoch or '') >= ARGV[4]) then return {'FENCED'} end "
    "if mine and owner >= me .. ARGV[2] then return {'FENCED'} end "
    "local exact = head.exact "
    "if how == 'take' and head.run ~= ARGV[5] and ARGV[9] ~= '1' then exact = false end "
    "if how == 'serve' and not mine then exact = false end "
    "if ARGV[8] ~= '' and #redis.call('XRANGE', KEYS[2], ARGV[8], ARGV[8]) == 0 then "
    "exact = false end "
    "local replicas = ARGV[6] "
    "if replicas == '' then replicas = head.replicas or '0' "
    "if replicas == '0' then replicas = ARGV[7] end end "
    "redis.call('HSET', KEYS[1], 'format', '1', 'owner', me .. ARGV[2], 'run', ARGV[5], "
    "'replicas', replicas) "
    "if how ~= 'take' then redis.call('HSET', KEYS[1], 'epoch', ARGV[4]) end "
    "if not exact then redis.call('HDEL', KEYS[1], 'exact') end "
    "return {'OK', head.copy or '', exact and '1' or '0', replicas, owner and '1' or '0', "
    "head.level or '1', level_min}";

/* The number of entries lets no batch follow one that was refused. */
const char script_append[] =
    OWNED "if redis.call('XLEN', KEYS[2]) ~= tonumber(ARGV[3]) then return 'GAP' end "
          "if ARGV[3] == '0' then redis.call('HSET', KEYS[1], 'log:' .. ARGV[2], '1') end "
          "redis.call('XADD', KEYS[2], ARGV[4], 'c', ARGV[5]) "
          "if ARGV[6] == '1' then redis.call('HSET', KEYS[1], 'copy', ARGV[2], 'exact', '1', "
          "'level', ARGV[7], 'level_min', ARGV[8]) end "
          "return 'OK'";

const char script_mark[] = OWNED "redis.call('HDEL', KEYS[1], 'exact') return 'OK'";

const char script_sweep[] =
    OWNED "local stays = {[redis.call('HGET', KEYS[1], 'copy') or ''] = true} "
          "for i = 3, #ARGV do stays[ARGV[i]] = true end "
          "for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do "
          "local log = string.match(field, '^log:(%x+)$') "
          "if log and not stays[log] then "
          "redis.call('UNLINK', ARGV[2] .. log) redis.call('HDEL', KEYS[1], field) end end "
          "return 'OK'";

-- SPDX-License-Identifier: Apache-2.0
--
-- Puts one row of one feature table under KEYS[1], unless a newer one is there. Answers 1, or 0 when the row is late.
-- storage/online/redis_layout.h has the layout.
--
--   ARGV[1]  layout: a, b or c
--   ARGV[2]  event time, whole seconds
--   ARGV[3]  a, b: when the table's row expires, seconds since 1970; c: seconds to live; empty: never
--   ARGV[4]  how many names of null features stand at the end
--   ARGV[5]  name and value of the time field; ARGV[7] of the order field; ARGV[9] of the expiry field (a, b with an
--            expiry), then of the features that have a value; then the names of those that are null
local key, layout, seconds, expires = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local nulls, count = tonumber(ARGV[4]), #ARGV
local never = 253402300799

-- Seconds of a google.protobuf.Timestamp: field 1, a varint; nothing is 0. Exact as far as doubles are.
local function time_of(bytes)
    if bytes == '' or string.byte(bytes, 1) ~= 8 then
        return 0
    end
    local value, inverse, scale, at = 0, 0, 1, 2
    while at <= #bytes do
        local octet = string.byte(bytes, at)
        local bits = octet % 128
        if at == 11 then
            -- The tenth octet is the sign.
            return -1 - inverse
        end
        value = value + bits * scale
        inverse = inverse + (127 - bits) * scale
        scale = scale * 128
        at = at + 1
        if octet < 128 then
            break
        end
    end
    return value
end

-- Two numbers of 64 bits, each as a signed upper and an unsigned lower half, which doubles hold.
local function order_of(bytes)
    local a, b, c, d = struct.unpack('>i4I4i4I4', bytes)
    return a, b, c, d
end

-- Whether the stored row of the same second is newer. Its order counts if it lies in the second that is stored:
-- otherwise a writer without one came between.
local function newer(stored, own)
    if not stored or #stored ~= 16 then
        return false
    end
    local a, b, c, d = order_of(stored)
    local nanos = a * 4294967296 - seconds * 1000000000 + b
    if nanos < 0 or nanos >= 1000000000 then
        return false
    end
    local w, x, y, z = order_of(own)
    if a ~= w then
        return a > w
    elseif b ~= x then
        return b > x
    elseif c ~= y then
        return c > y
    end
    return d > z
end

local had = redis.call('HMGET', key, ARGV[5], ARGV[7])
if had[1] then
    local stored = time_of(had[1])
    if stored > seconds or (stored == seconds and newer(had[2], ARGV[8])) then
        return 0
    end
end

local last = count - nulls
local own = (last - 4) / 2
local until_then = nil
if layout == 'b' then
    if expires then
        local stored = redis.call('HGET', key, '_ex')
        if stored and time_of(stored) > expires then
            expires = time_of(stored)
            ARGV[10] = stored
        end
        until_then = redis.call('TTL', key)
    else
        redis.call('HDEL', key, '_ex')
    end
elseif layout == 'c' and expires then
    until_then = redis.call('TTL', key)
end

-- In pieces, since Lua's stack is bounded.
for i = 5, last, 1000 do
    redis.call('HSET', key, unpack(ARGV, i, math.min(i + 999, last)))
end
for i = last + 1, count, 1000 do
    redis.call('HDEL', key, unpack(ARGV, i, math.min(i + 999, count)))
end

if not expires or (layout == 'a' and expires >= never) then
    redis.call('PERSIST', key)
    return 1
end

-- Other tables in this key must not lose their rows by the expiry of this one.
local shared = redis.call('HLEN', key) > own
if layout == 'a' then
    if shared then
        local names = {}
        for _, name in ipairs(redis.call('HKEYS', key)) do
            if #name > 4 and string.sub(name, 1, 4) == '_ex:' and name ~= ARGV[9] then
                names[#names + 1] = name
            end
        end
        for i = 1, #names, 1000 do
            for _, bytes in ipairs(redis.call('HMGET', key, unpack(names, i, math.min(i + 999, #names)))) do
                expires = math.max(expires, bytes and time_of(bytes) or 0)
            end
        end
    end
    if expires >= never then
        redis.call('PERSIST', key)
    else
        redis.call('EXPIREAT', key, shared and string.format('%.0f', expires) or ARGV[3])
    end
elseif not (shared and until_then == -1) then
    if layout == 'b' then
        redis.call('EXPIREAT', key, string.format('%.0f', expires))
    elseif until_then < expires then
        redis.call('EXPIRE', key, string.format('%.0f', expires))
    end
end
return 1

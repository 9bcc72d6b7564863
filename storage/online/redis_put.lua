-- SPDX-License-Identifier: Apache-2.0
--
-- Puts rows of one feature table, each under its key in KEYS, unless a newer one is there. Answers the numbers of the
-- rows that are late. storage/online/redis_layout.h has the layout. Written for speed: Redis does nothing else
-- meanwhile.
--
--   ARGV[1]  layout: a, b or c
--   ARGV[2]  name of the time field; ARGV[3] of the order field; ARGV[4] of the expiry field (a, b)
--
-- then for each row:
--
--   1  value of the time field
--   2  value of the order field
--   3  a, b: when the table's row expires, seconds since 1970; c: seconds to live; empty: never
--   4  MessagePack: names and values of its fields, those three among them
--   5  MessagePack: names of features that are null; empty for none
local call, byte, unpack_some = redis.call, string.byte, cmsgpack.unpack_limit
local unpack_all, number, select = cmsgpack.unpack, tonumber, select
local layout, time_field, order_field, expiry_field = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local never = 253402300799
-- Words of a command at once, since Lua's stack is bounded, and how many octets cannot be more of them.
local some, few = 1000, 3000

-- Seconds of a google.protobuf.Timestamp: field 1, a varint; nothing is 0. Exact as far as doubles are.
local function seconds_of(bytes)
    if #bytes == 6 and byte(bytes, 1) == 8 then
        local a, b, c, d, e = byte(bytes, 2, 6)
        if e < 128 and a > 127 and b > 127 and c > 127 and d > 127 then
            -- 1978 to 3058, which is nearly always.
            return a - 128 + (b - 128) * 128 + (c - 128) * 16384 + (d - 128) * 2097152 + e * 268435456
        end
    end
    if bytes == '' or byte(bytes, 1) ~= 8 then
        return 0
    end
    local value, inverse, scale, at = 0, 0, 1, 2
    while at <= #bytes do
        local octet = byte(bytes, at)
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

-- Whether the stored row of the same second is newer. Its order counts if it lies in the second that is stored:
-- otherwise a writer without one came between. Two numbers of 64 bits, each as a signed upper and an unsigned lower
-- half, which doubles hold; Lua's own order of strings depends on the server's locale.
local function newer(stored, own, seconds)
    if not stored or stored == own or #stored ~= 16 then
        return false
    end
    local a, b, c, d = struct.unpack('>i4I4i4I4', stored)
    local nanos = a * 4294967296 - seconds * 1000000000 + b
    if nanos < 0 or nanos >= 1000000000 then
        return false
    end
    local w, x, y, z = struct.unpack('>i4I4i4I4', own)
    if a ~= w then
        return a > w
    elseif b ~= x then
        return b > x
    elseif c ~= y then
        return c > y
    end
    return d > z
end

local function is_late(key, time, order)
    local had = call('HMGET', key, time_field, order_field)
    local stored = had[1]
    if not stored then
        return false
    end
    if stored == time then
        return newer(had[2], order, seconds_of(time))
    end
    local there, own = seconds_of(stored), seconds_of(time)
    return there > own or (there == own and newer(had[2], order, own))
end

-- Returns how many words there were.
local function run(command, key, ...)
    call(command, key, ...)
    return select('#', ...)
end

local function run_some(command, key, at, ...)
    call(command, key, ...)
    return at, select('#', ...)
end

local function run_all(command, key, packed)
    if #packed <= few then
        return run(command, key, unpack_all(packed))
    end
    local at, total, count = 0, 0, 0
    while at >= 0 do
        at, count = run_some(command, key, unpack_some(packed, some, at))
        total = total + count
    end
    return total
end

-- Of layout a: the latest expiry of the tables in this key, from what this one has.
local function latest(key, expires)
    local names = {}
    for _, name in ipairs(call('HKEYS', key)) do
        if #name > 4 and string.sub(name, 1, 4) == '_ex:' and name ~= expiry_field then
            names[#names + 1] = name
        end
    end
    for i = 1, #names, some do
        for _, bytes in ipairs(call('HMGET', key, unpack(names, i, math.min(i + some - 1, #names)))) do
            expires = math.max(expires, bytes and seconds_of(bytes) or 0)
        end
    end
    return expires
end

local function put(key, expires_text, fields, nulls)
    local expires, until_then, later = number(expires_text), nil, nil
    if layout == 'b' then
        if expires then
            local stored = call('HGET', key, expiry_field)
            if stored and seconds_of(stored) > expires then
                expires, later = seconds_of(stored), stored
            end
            until_then = call('TTL', key)
        else
            call('HDEL', key, expiry_field)
        end
    elseif layout == 'c' and expires then
        until_then = call('TTL', key)
    end

    local own = run_all('HSET', key, fields) / 2
    if later then
        call('HSET', key, expiry_field, later)
    end
    if nulls ~= '' then
        run_all('HDEL', key, nulls)
    end

    if not expires or (layout == 'a' and expires >= never) then
        call('PERSIST', key)
        return
    end
    -- Other tables in this key must not lose their rows by the expiry of this one.
    local shared = call('HLEN', key) > own
    if layout == 'a' then
        if shared then
            expires = latest(key, expires)
            expires_text = string.format('%.0f', expires)
        end
        if expires >= never then
            call('PERSIST', key)
        else
            call('EXPIREAT', key, expires_text)
        end
    elseif not (shared and until_then == -1) then
        if layout == 'b' then
            call('EXPIREAT', key, string.format('%.0f', expires))
        elseif until_then < expires then
            call('EXPIRE', key, expires_text)
        end
    end
end

local late, at = {}, 5
for i = 1, #KEYS do
    local key = KEYS[i]
    if is_late(key, ARGV[at], ARGV[at + 1]) then
        late[#late + 1] = i
    else
        put(key, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    end
    at = at + 5
end
return late

-- ARGV: most deliveries, most bytes, id, name, value, ... of the hash
-- Says {'added'}, {'duplicate', id, fingerprint}, {'full', what}
local id = ARGV[3]

-- Whether there is room, or could be made of what was delivered and is not needed to know a call.
local function has_room(bytes, most, now)
  local function fits()
    return tonumber(redis.call('HGET', P .. 'meta', 'bytes') or '0') + bytes <= most
  end
  if fits() then return true end
  for _, old in ipairs(redis.call('ZRANGE', P .. 'spent', 0, 199)) do
    local o = load(old)
    local free = o.dedup == ''
      or tonumber(redis.call('HGET', key(old), 'dedup_until')) <= now
    if free then erase(o) end
  end
  return fits()
end

if redis.call('EXISTS', key(id)) == 1 then return {'added'} end -- this is the second try
local d, flat, bytes = {owner = '', entry = ''}, {}, 1000 -- what the server needs beside it
for i = 4, #ARGV, 2 do
  d[ARGV[i]] = ARGV[i + 1]
  flat[#flat + 1], flat[#flat + 2] = ARGV[i], ARGV[i + 1]
  bytes = bytes + #ARGV[i + 1]
end
local dedup = P .. 'dedup:' .. place_of(d) .. ':' .. d.dedup
if d.dedup ~= '' then
  local earlier = redis.call('GET', dedup)
  if earlier then
    local found = redis.call('HMGET', key(earlier), 'dedup_until', 'fingerprint')
    if found[1] and tonumber(found[1]) > tonumber(d.accepted_at) then
      return {'duplicate', earlier, found[2]}
    end
    if found[1] then redis.call('HSET', key(earlier), 'dedup', '') end
  end
end
local waiting = redis.call('ZCARD', P .. 'state:queued') + redis.call('ZCARD', P .. 'state:sending')
if waiting >= tonumber(ARGV[1]) then return {'full', 'deliveries'} end
if not has_room(bytes, tonumber(ARGV[2]), tonumber(d.accepted_at)) then
  return {'full', 'size'}
end
if d.immediate == '1' then
  d.turn = next_turn(d.accepted_at)
else
  d.turn = d.due
end
d.due, d.bytes, d.attempts, d.fences, d.state = d.turn, tostring(bytes), '0', '0', 'queued'
redis.call('HSET', key(id), unpack(flat))
write(d, {turn = d.turn, due = d.due, bytes = d.bytes, attempts = '0', fences = '0',
  state = 'queued', updated_at = d.accepted_at, owner = '', entry = ''})
if d.dedup ~= '' then redis.call('SET', dedup, id) end
redis.call('ZADD', P .. 'all', 0, id)
file(d)
redis.call('ZADD', P .. 'state:queued', 0, id)
redis.call('ZADD', P .. 'ending', d.expires_at, id)
count('bytes', bytes)
event(d, d.accepted_at)
arrange(d)
return {'added'}

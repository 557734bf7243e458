-- ARGV: who asks, after (an id, or '' to begin), how many   Says the last one, or '' at the end
-- Lets deliveries be found by where they go that a sidecar of an earlier version added.
in_any_case()
local who, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
if after == '' then
  local cursor = redis.call('HGET', P .. 'meta', 'cursor') or '0'
  redis.call('HSET', P .. 'meta', 'filed', cursor, 'filing', who)
end
local first = after == '' and '-' or '(' .. after
local ids = redis.call('ZRANGEBYLEX', P .. 'all', first, '+', 'LIMIT', 0, most)
for _, id in ipairs(ids) do
  local place = redis.call('HMGET', key(id), 'upstream', 'route')
  if place[1] then file({id = id, upstream = place[1], route = place[2]}) end
end
if #ids == most then return ids[most] end
-- What came meanwhile is filed by whoever added it, unless that one does not count it.
local meta = redis.call('HMGET', P .. 'meta', 'filing', 'filed', 'cursor')
if meta[1] == who and meta[2] == (meta[3] or '0') then redis.call('HDEL', P .. 'meta', 'filing') end
return ''

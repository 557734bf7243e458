-- ARGV: older than, most   Says how many are gone
in_any_case()
local ids = redis.call('ZRANGEBYSCORE', P .. 'finished', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do erase(load(id)) end
for _, entry in ipairs(redis.call('XRANGE', P .. 'events', '-', '+', 'COUNT', 4 * ARGV[2])) do
  if tonumber(entry[2][2]) >= tonumber(ARGV[1]) then break end
  redis.call('XDEL', P .. 'events', entry[1])
end
return #ids

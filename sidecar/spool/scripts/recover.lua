-- ARGV: consumer, now, milliseconds of a lease   Says the ids of those that became unknown
in_any_case()
if redis.call('EXISTS', P .. 'work') == 0 then return {} end
local unknown, from = {}, '0-0'
repeat
  local page = redis.call('XAUTOCLAIM', P .. 'work', GROUP, ARGV[1], ARGV[3], from, 'COUNT', 100)
  from = page[1]
  for _, entry in ipairs(page[2]) do
    local d = entry and entry[2] and load(entry[2][2])
    if d and d.entry == entry[1] then
      drop_entry(d)
      if d.state == 'sending' then
        move(d, 'unknown', ARGV[2], 'interrupted')
        unknown[#unknown + 1] = d.id
      else
        arrange(d)
      end
    elseif entry and entry[1] then
      redis.call('XACK', P .. 'work', GROUP, entry[1])
      redis.call('XDEL', P .. 'work', entry[1])
    end
  end
until from == '0-0'
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', P .. 'work', GROUP)) do
  local name, pending, idle = consumer[2], consumer[4], consumer[6]
  if name ~= ARGV[1] and pending == 0 and idle > 10 * tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', P .. 'work', GROUP, name)
  end
end
return unknown

-- ARGV: now   Says the turn of what is due for the longest time, as a text, or nothing
local now, oldest = tonumber(ARGV[1]), nil
for _, place in ipairs(redis.call('SMEMBERS', P .. 'places')) do
  for _, id in ipairs(redis.call('ZRANGE', P .. 'ready:' .. place, 0, 99)) do
    local d = load(id)
    if d.immediate == '1' or tonumber(d.due) <= now then
      oldest = math.min(oldest or math.huge, tonumber(d.turn))
    end
  end
end
return oldest and text(oldest) or false

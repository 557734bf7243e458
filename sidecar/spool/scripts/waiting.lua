-- ARGV: upstream   Says 1 if something of it is unfinished, else 0
-- What is neither in hand nor ready is in a lane behind one that is.
local of_it = ARGV[1] .. '/'
for _, place in ipairs(redis.call('SMEMBERS', P .. 'places')) do
  if string.sub(place, 1, #of_it) == of_it and redis.call('EXISTS', P .. 'ready:' .. place) == 1 then
    return 1
  end
end
for _, entry in ipairs(redis.call('XRANGE', P .. 'work', '-', '+')) do
  if redis.call('HGET', key(entry[2][2]), 'upstream') == ARGV[1] then return 1 end
end
return 0

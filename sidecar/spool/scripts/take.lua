-- ARGV: consumer, now, most, the paused places ...
-- Says for each that is claimed: its hash, as a flat list
in_any_case()
local consumer, now, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local paused = {}
for i = 4, #ARGV do paused[ARGV[i]] = true end
local last = tonumber(redis.call('HGET', P .. 'meta', 'turn') or '0')
local bound = math.max(now, last)
local found = {}
for _, place in ipairs(redis.call('SMEMBERS', P .. 'places')) do
  if redis.call('EXISTS', P .. 'ready:' .. place) == 0 then
    redis.call('SREM', P .. 'places', place)
  elseif not paused[place] then
    local offset, here, page, over = 0, 0, most + 16, false
    repeat -- those that are passed over are few, or late
      local ids = redis.call('ZRANGE', P .. 'ready:' .. place, offset, offset + page - 1)
      for _, id in ipairs(in_time(ids, now)) do
        local d = load(id)
        local due = tonumber(d.due)
        over = due > bound or here == most
        if over then break end
        if (d.immediate == '1' or due <= now) and tonumber(d.expires_at) > now then
          found[#found + 1] = d
          here = here + 1
        end
      end
      over = over or here == most or #ids < page
      offset, page = offset + page, MANY
    until over
  end
end
table.sort(found, function(a, b)
  local x, y = tonumber(a.due), tonumber(b.due)
  if x ~= y then return x < y end
  return a.id < b.id
end)
if #found > 0 and redis.call('EXISTS', P .. 'work') == 0 then
  redis.call('XGROUP', 'CREATE', P .. 'work', GROUP, '0', 'MKSTREAM')
end
local taken = {}
for i = 1, math.min(most, #found) do
  local d = found[i]
  redis.call('XADD', P .. 'work', '*', 'id', d.id)
  local read = redis.call('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', 1, 'STREAMS',
    P .. 'work', '>')
  write(d, {owner = consumer, entry = read[1][2][1][1]})
  out_of_ready(d)
  taken[i] = redis.call('HGETALL', key(d.id))
end
return taken

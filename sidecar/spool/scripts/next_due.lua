-- ARGV: now, the paused places ...   Says the instant as a text, or nothing
local now, paused, soonest = tonumber(ARGV[1]), {}, nil
for i = 2, #ARGV do paused[ARGV[i]] = true end
local last = tonumber(redis.call('HGET', P .. 'meta', 'turn') or '0')

-- The soonest instant at one place. By `due`, the first one will do, unless the clock went back:
-- then one that is due at once may come after it.
local function soonest_at(place)
  local offset, page, best = 0, 16, nil
  while true do
    local ids = redis.call('ZRANGE', P .. 'ready:' .. place, offset, offset + page - 1)
    for _, id in ipairs(in_time(ids, now)) do
      local d = load(id)
      if tonumber(d.expires_at) > now then
        local due = tonumber(d.due)
        best = math.min(best or math.huge, d.immediate == '1' and now or math.max(now, due))
        if best <= now or due > last then return best end
      end
    end
    if #ids < page then return best end
    offset, page = offset + page, MANY
  end
end

for _, place in ipairs(redis.call('SMEMBERS', P .. 'places')) do
  local at = not paused[place] and soonest_at(place)
  if at then soonest = math.min(soonest or at, at) end
end
return soonest and text(soonest) or false

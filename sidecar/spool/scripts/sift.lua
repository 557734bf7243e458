-- ARGV: '1' for the newest first, after or '', most, how many may be looked at, upstream or '',
--       route or '', how many sorted sets, their names ..., states ... (none for all)
-- Says for each set: after which id to go on, or '' at its end; and up to there the ids that match
local newest, after, most = ARGV[1] == '1', ARGV[2], tonumber(ARGV[3])
local upstream, route, last = ARGV[5], ARGV[6], 7 + tonumber(ARGV[7])
local page = math.max(1, math.floor(tonumber(ARGV[4]) / tonumber(ARGV[7])))
local states = {}
for i = last + 1, #ARGV do states[ARGV[i]] = true end

local function page_of(set)
  local edge = after ~= '' and '(' .. after
  if newest then
    return redis.call('ZREVRANGEBYLEX', set, edge or '+', '-', 'LIMIT', 0, page)
  end
  return redis.call('ZRANGEBYLEX', set, edge or '-', '+', 'LIMIT', 0, page)
end

local function matches(set, id)
  local d = redis.call('HMGET', key(id), 'state', 'upstream', 'route')
  if not d[1] then -- forgotten by who did not know of this set; where nothing can be written it stays
    redis.pcall('ZREM', set, id)
    return false
  end
  return (last == #ARGV or states[d[1]]) and (upstream == '' or d[2] == upstream)
    and (route == '' or d[3] == route)
end

local said = {}
for i = 8, last do
  local set, found = P .. ARGV[i], {''}
  local ids = page_of(set)
  if #ids == page then found[1] = ids[page] end
  for j, id in ipairs(ids) do
    if matches(set, id) then found[#found + 1] = id end
    if #found > most then
      if j < #ids then found[1] = id end
      break
    end
  end
  said[#said + 1] = found
end
return said

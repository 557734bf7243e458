-- ARGV: now, most   Says the ids
in_any_case()
local late, offset, most = {}, 0, tonumber(ARGV[2])
repeat
  local ids = redis.call('ZRANGEBYSCORE', P .. 'ending', '-inf', ARGV[1], 'LIMIT', offset, 100)
  offset = offset + #ids
  for _, id in ipairs(ids) do
    local d = load(id)
    if d.owner == '' and #late < most then late[#late + 1] = d end
  end
until #ids < 100 or #late >= most
local gone = {}
for i, d in ipairs(late) do
  move(d, 'expired', ARGV[1], 'expired')
  gone[i] = d.id
end
return gone

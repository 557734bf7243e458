-- ARGV: now, expires_at or '', ids ...   Says the ids that are queued again
local again, now, seen = {}, ARGV[1], {}
for i = 3, #ARGV do
  local d = load(ARGV[i])
  if d and not seen[d.id] and (d.state == 'failed' or d.state == 'expired' or d.state == 'unknown') then
    local turn = next_turn(now)
    local ends = ARGV[2] == '' and d.expires_at or ARGV[2]
    if tonumber(ends) <= tonumber(now) then -- as long as it was given at first
      local life = math.max(0, tonumber(d.expires_at) - tonumber(d.accepted_at))
      ends = text(tonumber(now) + life)
    end
    move(d, 'queued', now, 'requeued',
      {attempts = '0', due = turn, turn = turn, immediate = '1', expires_at = ends})
    again[#again + 1] = d.id
  end
  if d then seen[d.id] = true end
end
return again

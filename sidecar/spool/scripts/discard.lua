-- ARGV: now, reason, ids ...   Says the ids that are discarded
in_any_case()
local gone = {}
for i = 3, #ARGV do
  local d = load(ARGV[i])
  if d and d.owner == '' and (d.state == 'queued' or d.state == 'failed' or d.state == 'expired'
      or d.state == 'unknown') then
    move(d, 'discarded', ARGV[1], ARGV[2])
    gone[#gone + 1] = d.id
  end
end
return gone

-- ARGV: consumer, now, ids ...   Says the ids that may be sent, each with its number of fences
in_any_case()
local fenced = {}
for i = 3, #ARGV do
  local d = load(ARGV[i])
  if d and d.owner == ARGV[1] and d.state == 'queued' then
    local fences = tostring(tonumber(d.fences) + 1)
    move(d, 'sending', ARGV[2], '',
      {attempts = tostring(tonumber(d.attempts) + 1), fences = fences})
    fenced[#fenced + 1], fenced[#fenced + 2] = d.id, fences
  end
end
return fenced

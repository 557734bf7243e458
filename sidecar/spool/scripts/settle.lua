-- ARGV: consumer, id, fences as this one knows them or '', state, now, reason, due or '',
--       answer or '', a token of this call   Says 1, or 0 where it is not for this one to say
in_any_case()
local consumer, id, fences, state, now, reason = unpack(ARGV)
local due, answer, token = ARGV[7], ARGV[8], ARGV[9]
local d = load(id)
if not d then return 0 end
if redis.call('HGET', key(id), 'settled') == token then return 1 end -- this is the second try
local mine = d.owner == consumer
local may = mine
if not mine then may = d.state == 'unknown' and (fences == '' or fences == d.fences) end
if not may then return 0 end
drop_entry(d)
if answer ~= '' then
  local change = #answer - redis.call('HSTRLEN', key(id), 'answer')
  count('bytes', change)
  write(d, {answer = answer, bytes = tostring(tonumber(d.bytes) + change)})
end
local changes = {settled = token}
if state == 'queued' then
  changes.due = due == '' and next_turn(now) or due
  changes.immediate = due == '' and '1' or '0'
end
move(d, state, now, reason, changes)
return 1

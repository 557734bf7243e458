-- ARGV: consumer, id, fences as this one knows them or '', state, now, reason, due or '',
--       answer or '', a token of this claim, '1' if a fence of it was not answered
-- Says 1, or 0 where it is not for this one to say
in_any_case()
local consumer, id, fences, state, now, reason = unpack(ARGV)
local due, answer, token, doubtful = ARGV[7], ARGV[8], ARGV[9], ARGV[10] == '1'
local d = load(id)
if not d then return 0 end
if redis.call('HGET', key(id), 'settled') == token then return 1 end -- this is the second try
local known = fences == '' or fences == d.fences
local may = d.state == 'unknown' and known
if d.owner == consumer then may = known or doubtful or d.state == 'queued' end
if not may then return 0 end
drop_entry(d)
if answer ~= '' then
  local change = #answer - redis.call('HSTRLEN', key(id), 'answer')
  count('bytes', change)
  write(d, {answer = answer, bytes = tostring(tonumber(d.bytes) + change)})
end
local changes = {settled = token}
if doubtful and d.state == 'sending' then -- it was not sent, so it was no attempt
  changes.attempts = tostring(tonumber(d.attempts) - 1)
end
if state == 'queued' then
  changes.due = due == '' and next_turn(now) or due
  changes.immediate = due == '' and '1' or '0'
end
move(d, state, now, reason, changes)
return 1

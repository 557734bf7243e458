-- ARGV: id, now, '1' if only the note, not_before or '', name, value, ... of the hash
-- Says 1, or 0 where it may not be changed
local id, now, only_note, not_before = unpack(ARGV)
local d = load(id)
if not d then return 0 end
local waiting = d.state == 'queued' and d.owner == ''
local kept = d.state == 'failed' or d.state == 'expired' or d.state == 'unknown'
if not (waiting or kept or only_note == '1') then return 0 end
local changes = {updated_at = now}
for i = 5, #ARGV, 2 do
  changes[ARGV[i]] = ARGV[i + 1]
  if ARGV[i] == 'request' or ARGV[i] == 'target' then
    local change = #ARGV[i + 1] - redis.call('HSTRLEN', key(id), ARGV[i])
    count('bytes', change)
    d.bytes = tostring(tonumber(d.bytes) + change)
    changes.bytes = d.bytes
  end
end
if not_before ~= '' then
  changes.due, changes.immediate = not_before, '0'
  if tonumber(not_before) > tonumber(now) then
    changes.turn = not_before -- it does not hold up what comes meanwhile
  else
    changes.due, changes.immediate = next_turn(now), '1'
  end
end
write(d, changes)
if d.state == 'queued' then redis.call('ZADD', P .. 'ending', d.expires_at, id) end
if forgettable(d.state) then redis.call('ZADD', P .. 'finished', now, id) end
if d.state == 'delivered' then redis.call('ZADD', P .. 'spent', now, id) end
if waiting then arrange(d) end
return 1

-- What all scripts of the spool share. One script is one transaction: nothing comes in between.
-- KEYS[1] is what all keys begin with; they are in one slot of a cluster, by its {hash tag}.
--
--   d:ID          hash: one delivery              ready:PLACE  zset by due: those that may be taken
--   lane:LANE     zset by turn: unfinished ones   heads        hash: lane -> the one of it in ready
--   state:STATE   zset by id                      all          zset by id
--   ending        zset by expires_at: queued      finished     zset by updated_at
--   spent         zset by updated_at: delivered
--   work          stream: what sidecars have in hand; group `senders`, one consumer for each
--   events        stream: changes of state        meta         hash: counters
--   places        set of PLACE = upstream/route   dedup:PLACE:KEY  the id that has the key
--   of:PLACE      zset by id: all that go there   of           set of those PLACEs
--
-- `of:` was not always kept. Whoever keeps it counts changes in `filed` as well as in `cursor`; one
-- of an earlier version does not. Where they differ, or with `filing`, some may lack (file.lua).
--
-- Instants are texts with all their digits ("%.17g"), as Lua itself would round them.

local P = KEYS[1]
local GROUP = 'senders'
local EVENTS = 100000

-- What is under way is finished also where the server has no memory left: a script that has
-- written something already is not refused (`maxmemory`; redis.io, "Scripting with Lua").
local function in_any_case()
  redis.call('DEL', P .. 'nothing')
end

local function text(number)
  return string.format('%.17g', number)
end

local function key(id)
  return P .. 'd:' .. id
end

local function place_of(d)
  return d.upstream .. '/' .. d.route
end

local WANTED = {'id', 'upstream', 'route', 'lane', 'accepted_at', 'due', 'immediate', 'turn',
  'expires_at', 'dedup', 'state', 'attempts', 'fences', 'reason', 'updated_at', 'owner', 'entry',
  'bytes'}

-- The fields that decide, or nil where there is no such delivery.
local function load(id)
  local values = redis.call('HMGET', key(id), unpack(WANTED))
  if not values[1] then return nil end
  local d = {}
  for i, name in ipairs(WANTED) do d[name] = values[i] or '' end
  return d
end

local function write(d, changes)
  local flat = {}
  for name, value in pairs(changes) do
    d[name] = value
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  redis.call('HSET', key(d.id), unpack(flat))
end

local function unfinished(state)
  return state == 'queued' or state == 'sending'
end

local function forgettable(state)
  return state == 'delivered' or state == 'failed' or state == 'expired' or state == 'discarded'
end

local function count(name, change)
  return redis.call('HINCRBY', P .. 'meta', name, change)
end

-- The next place in any lane: after all that were given out, whatever the clock says.
local function next_turn(now)
  local last = tonumber(redis.call('HGET', P .. 'meta', 'turn') or '0')
  local turn = text(math.max(tonumber(now), last + 1e-6))
  redis.call('HSET', P .. 'meta', 'turn', turn)
  return turn
end

local function event(d, at)
  local cursor = count('cursor', 1)
  count('filed', 1)
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', EVENTS, cursor .. '-0', 'at', at, 'id', d.id,
    'upstream', d.upstream, 'route', d.route, 'state', d.state, 'reason', d.reason,
    'attempts', d.attempts)
end

-- Those of these that do not end before then. Many may wait that do, until they are expired:
-- it is seen here for all of them at once, without a look at each.
local MANY = 1000
local function in_time(ids, now)
  local found = {}
  if #ids == 0 then return found end
  for i, ends in ipairs(redis.call('ZMSCORE', P .. 'ending', unpack(ids))) do
    if not ends or tonumber(ends) > now then found[#found + 1] = ids[i] end
  end
  return found
end

-- Let it be found by where it goes.
local function file(d)
  redis.call('ZADD', P .. 'of:' .. place_of(d), 0, d.id)
  redis.call('SADD', P .. 'of', place_of(d))
end

local function into_ready(d)
  if d.state == 'queued' and d.owner == '' then
    redis.call('ZADD', P .. 'ready:' .. place_of(d), d.due, d.id)
    redis.call('SADD', P .. 'places', place_of(d))
  end
end

local function out_of_ready(d)
  redis.call('ZREM', P .. 'ready:' .. place_of(d), d.id)
end

-- Let the first one of the lane be its head, unless one of it is in hand or being sent.
local function appoint(lane)
  local head = redis.call('HGET', P .. 'heads', lane)
  local h = head and load(head)
  if h and h.lane == lane and unfinished(h.state) and h.owner ~= '' then return end
  local first = redis.call('ZRANGE', P .. 'lane:' .. lane, 0, 0)[1]
  if h and head ~= first then out_of_ready(h) end
  if not first then
    redis.call('HDEL', P .. 'heads', lane)
    return
  end
  redis.call('HSET', P .. 'heads', lane, first)
  into_ready(load(first))
end

-- Put it where it belongs as it is now: in its lane, or among those that may be taken.
local function arrange(d)
  out_of_ready(d)
  if d.lane == '' then
    into_ready(d)
    return
  end
  if unfinished(d.state) then
    redis.call('ZADD', P .. 'lane:' .. d.lane, d.turn, d.id)
  else
    redis.call('ZREM', P .. 'lane:' .. d.lane, d.id)
  end
  appoint(d.lane)
end

local function drop_entry(d)
  if d.entry ~= '' then
    redis.call('XACK', P .. 'work', GROUP, d.entry)
    redis.call('XDEL', P .. 'work', d.entry)
  end
  write(d, {owner = '', entry = ''})
end

local function drop_request(d)
  local gone = redis.call('HSTRLEN', key(d.id), 'request')
  redis.call('HDEL', key(d.id), 'request')
  count('bytes', -gone)
  write(d, {bytes = tostring(tonumber(d.bytes) - gone)})
end

-- Keep nothing of one that is finished.
local function erase(d)
  local dedup = P .. 'dedup:' .. place_of(d) .. ':' .. d.dedup
  if d.dedup ~= '' and redis.call('GET', dedup) == d.id then redis.call('DEL', dedup) end
  count('bytes', -tonumber(d.bytes))
  for _, name in ipairs({'finished', 'spent', 'all', 'state:' .. d.state, 'of:' .. place_of(d)}) do
    redis.call('ZREM', P .. name, d.id)
  end
  redis.call('DEL', key(d.id))
end

-- Let it be in another state. `changes` are further fields; who has it in hand is the caller's.
local function move(d, state, now, reason, changes)
  local before, why = d.state, d.reason
  changes = changes or {}
  changes.state, changes.reason, changes.updated_at = state, reason, now
  write(d, changes)
  redis.call('ZREM', P .. 'state:' .. before, d.id)
  redis.call('ZADD', P .. 'state:' .. state, 0, d.id)
  redis.call('ZREM', P .. 'ending', d.id)
  redis.call('ZREM', P .. 'finished', d.id)
  redis.call('ZREM', P .. 'spent', d.id)
  if state == 'delivered' then redis.call('ZADD', P .. 'spent', now, d.id) end
  if state == 'queued' then redis.call('ZADD', P .. 'ending', d.expires_at, d.id) end
  if forgettable(state) then redis.call('ZADD', P .. 'finished', now, d.id) end
  if state == 'delivered' or state == 'discarded' then drop_request(d) end
  if before ~= state or why ~= reason then event(d, now) end
  arrange(d)
end

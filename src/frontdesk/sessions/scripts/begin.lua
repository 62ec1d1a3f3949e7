-- Takes a free session for a turn, or lets the turn wait.
-- ARGV: 6 turn  7 session  8 '1' = a new one  9 on_busy  10 most waiting  11 fingerprint
--       12 message  13 now, RFC 3339  14 seconds to keep the log
-- ->  run … | queued position dropped orphan | duplicate session | differs | missing
--     | busy turn orphan | full orphan
-- orphan = 1: nobody holds the session although it has work; dropped: the turns that waited and were
-- interrupted, which the caller ends (whoever comes to run one ends it, too)
local turn, session, new, on_busy, most, fingerprint, message, at, log_s = unpack(ARGV, 6)
local record = stem .. turn
local cur = redis.call('HGET', meta, 'cur')

local function ahead()
  if on_busy ~= 'interrupt' then return {} end
  local found = {}
  for _, other in ipairs(redis.call('LRANGE', inbox, 0, -1)) do
    if other == turn then break end
    found[#found + 1] = other
  end
  return found
end

local function interrupt(other)
  if redis.call('HEXISTS', stem .. other, 'message') == 1 then
    redis.call('HSET', stem .. other, 'cancel', 'immediate')
  end
end

local known = redis.call('HMGET', record, 'fingerprint', 'holder', 'status', 'session', 'position')
if known[1] then
  if known[1] ~= fingerprint then return {'differs'} end
  if known[2] == holder then
    if known[3] == 'queued' then return {'queued', tonumber(known[5]), ahead(), 0} end
    if cur == turn and mine() then return held(turn) end
  end
  return {'duplicate', known[4]}
end
if new == '0' and redis.call('EXISTS', meta) == 0 then return {'missing'} end

local waiting = redis.call('LLEN', inbox)
local orphan = 1 - redis.call('EXISTS', lease)
-- A turn that is current without a lease belongs to a dead holder: it is recovered, not overtaken.
local busy = cur or waiting > 0
if busy and on_busy == 'reject' then
  return {'busy', cur or redis.call('LINDEX', inbox, 0), orphan}
end
if busy and on_busy ~= 'interrupt' and waiting >= tonumber(most) then return {'full', orphan} end

open(session, at)
redis.call('HSET', record, 'session', session, 'fingerprint', fingerprint, 'message', message)
if not busy then
  take(turn)
  return held(turn)
end
local dropped = ahead()
for _, other in ipairs(dropped) do interrupt(other) end
if cur and on_busy == 'interrupt' then
  interrupt(cur)
  tell()
end
local position = redis.call('RPUSH', inbox, turn) - #dropped
redis.call('HSET', record, 'status', 'queued', 'holder', holder, 'position', position)
touch(turn)
local event = cjson.encode({turn_id = turn, session_id = session, position = position})
redis.call('XADD', events, '0-1', 'k', 'turn.queued', 'd', event)
redis.call('EXPIRE', events, log_s)
return {'queued', position, dropped, orphan}

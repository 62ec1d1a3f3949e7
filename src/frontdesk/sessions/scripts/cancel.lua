-- Has a turn end early: one that waits at once, one that runs by its holder, who is told.
-- ARGV: 6 turn  7 session  8 mode  9 result  10 turn record  11 now, RFC 3339
--       12 seconds to keep the log  13 longest history  14… the event that ends a turn that waits
-- ->  ended | told | orphan = marked, but nobody holds the session | waiting = for a person | missing
local turn, session, mode, result, element, at, log_s, longest = unpack(ARGV, 6)
local record = stem .. turn

local known = redis.call('HMGET', record, 'session', 'result', 'cancel', 'status', 'paused')
if known[1] ~= session then return 'missing' end
if known[2] then return 'ended' end

if known[4] == 'waiting' then return 'waiting' end

-- One that has waited for a person has done something already: whoever runs it on ends it.
if not known[5] and redis.call('LREM', inbox, 1, turn) == 1 then
  open(session, at)
  redis.call('HSET', record, 'status', 'cancelled', 'result', result,
    'end', '0-' .. ARGV[#ARGV - 2])
  redis.call('HDEL', record, 'message')
  remember(turn, element, longest)
  append(events, 0, 14, log_s)
  touch(turn)
  return 'ended'
end

if known[3] ~= 'immediate' then redis.call('HSET', record, 'cancel', mode) end
return tell() and 'told' or 'orphan'

-- Lets the running turn wait for people and hands over to the next one that waits its turn.
-- ARGV: 6 turn  7 session  8 fence  9 result so far  10 the turn as it stands  11 when it expires,
--       seconds  12 seconds to keep it and the log  13 its last event  14 number of approvals
--       15… their ids, then events
-- ->  run … (the next turn) | idle | fenced | cancel = it shall end early
local turn, session, fence, result, state_of, expires, log_s, last, count = unpack(ARGV, 6)
local record, pending = stem .. turn, stem .. turn .. ':pending'
local state = redis.call('HMGET', meta, 'fence', 'cur')

if state[1] ~= fence or state[2] ~= turn then
  local was = redis.call('HMGET', record, 'fence', 'status')
  if was[1] ~= fence or was[2] ~= 'waiting' then return {'fenced'} end
  -- This call again: its first answer was lost.
  if state[2] and mine() then return held(state[2]) end
  return {'idle'}
end
if redis.call('HEXISTS', record, 'cancel') == 1 then return {'cancel'} end

redis.call('HDEL', meta, 'cur')
redis.call('HSET', record, 'status', 'waiting', 'waits', result, 'paused', last, 'expires', expires)
redis.call('HDEL', record, 'tries', 'acted', 'kept')
redis.call('DEL', pending, record .. ':rounds')
redis.call('HSET', pending, 'state', state_of)
for i = 15, 14 + count do redis.call('HSET', pending, ARGV[i], '') end
redis.call('EXPIRE', pending, log_s)
redis.call('ZADD', waiting, expires, turn)
append(events, tonumber(fence), 15 + count, log_s)
touch(turn)

local next_turn = pop()
if next_turn then
  take(next_turn)
  return held(next_turn)
end
redis.call('DEL', lease)
return {'idle'}

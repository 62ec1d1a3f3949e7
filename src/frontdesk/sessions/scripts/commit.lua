-- Ends the running turn and hands over to the next one that waits.
-- ARGV: 6 turn  7 session  8 fence  9 status  10 result  11 turn record  12 agent
--       13 turns of the agent  14 totals  15 window, or '' = after this turn  16 now, RFC 3339
--       17 seconds to keep the log  18 longest history  19 how the window is shown
--       20… events, the last one ending the turn
-- ->  run … (the next turn) | idle | fenced
local turn, session, fence, status, result, element, agent, agent_turns, totals, window, at,
  log_s, longest, view = unpack(ARGV, 6)
local record = stem .. turn
local state = redis.call('HMGET', meta, 'fence', 'cur')

if state[1] ~= fence or state[2] ~= turn then
  local was = redis.call('HMGET', record, 'fence', 'result')
  if was[1] ~= fence or not was[2] then return {'fenced'} end
  -- This call again: its first answer was lost.
  if state[2] and mine() then return held(state[2]) end
  return {'idle'}
end

local last = passing(session) and 0 or remember(turn, element, longest)
local before = redis.call('HMGET', meta, 'window', 'next_summary')
if window ~= '' and window ~= (before[1] or '0') then  -- the window moves: now a summary may, too
  redis.call('HSET', meta, 'moved', fence)
  if before[2] then
    redis.call('HSET', meta, 'summary', before[2])
    redis.call('HDEL', meta, 'next_summary')
  end
end
open(session, at)
redis.call('HSET', meta, 'agent', agent, 'agent_turns', agent_turns, 'totals', totals,
  'window', window == '' and last or window, 'view', view)
if window == '' then  -- what was said so far is not shown again
  redis.call('HDEL', meta, 'pins', 'summary', 'next_summary', 'claim')
  redis.call('HSET', meta, 'summed', last)
end
redis.call('HDEL', meta, 'cur')
redis.call('ZREMRANGEBYSCORE', sessions, '-inf', tonumber(now) - tonumber(keep))
redis.call('HSET', record, 'status', status, 'result', result,
  'end', fence .. '-' .. ARGV[#ARGV - 2])
redis.call('HDEL', record, 'message', 'waits')
redis.call('UNLINK', record .. ':pending', record .. ':rounds')
append(events, tonumber(fence), 20, log_s)
touch(turn)
if passing(session) then
  pass(turn, log_s)
  return {'idle'}
end

local next_turn = pop()
if next_turn then
  take(next_turn)
  return held(next_turn)
end
redis.call('DEL', lease)
return {'idle'}

-- Lists a turn that ended before it began.
-- ARGV: 6 turn  7 session  8 '1' = a new one  9 fingerprint  10 status  11 result  12 turn record
--       13 now, RFC 3339  14 seconds to keep the log  15 longest history  16… events
-- ->  ended | duplicate session | differs | missing
local turn, session, new, fingerprint, status, result, element, at, log_s, longest = unpack(ARGV, 6)
local record = stem .. turn

local known = redis.call('HMGET', record, 'fingerprint', 'holder', 'session')
if known[1] then
  if known[1] ~= fingerprint then return {'differs'} end
  return known[2] == holder and {'ended'} or {'duplicate', known[3]}
end
if new == '0' and redis.call('EXISTS', meta) == 0 then return {'missing'} end

open(session, at)
redis.call('HSET', record, 'session', session, 'fingerprint', fingerprint, 'holder', holder,
  'status', status, 'result', result, 'end', '0-' .. ARGV[#ARGV - 2])
if not passing(session) then remember(turn, element, longest) end
append(events, 0, 16, log_s)
touch(turn)
if passing(session) then pass(turn, log_s) end
return {'ended'}

-- Writes events of a running turn; a writer whose turn was taken over or forgotten is refused.
-- KEYS: 1 record of the turn  2 its event log
-- ARGV: 1 fence  2 seconds to keep the log  3… events       ->  1 | 0 = refused
local state = redis.call('HMGET', KEYS[1], 'fence', 'status')
if state[1] ~= ARGV[1] or state[2] ~= 'in_progress' then return 0 end
append(KEYS[2], tonumber(ARGV[1]), 3, ARGV[2])
return 1

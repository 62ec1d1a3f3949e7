-- Keeps what a running turn has done; refused as `append` is.
-- KEYS: 1 record of the turn  2 its rounds
-- ARGV: 1 fence  2 seconds to keep  3 the answer of a model, or '' = a round has ended
--       4 the turn as it stands then  5 its last event            ->  1 | 0 = refused
local state = redis.call('HMGET', KEYS[1], 'fence', 'status')
if state[1] ~= ARGV[1] or state[2] ~= 'in_progress' then return 0 end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[2], 'answer', ARGV[3])
else
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'state', ARGV[4])
  redis.call('HSET', KEYS[1], 'kept', ARGV[5])
  redis.call('HDEL', KEYS[1], 'tries', 'acted')  -- it got on: what follows is tried anew
end
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1

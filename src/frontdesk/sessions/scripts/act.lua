-- Notes that a running turn changes something in the world from here on; refused as `append` is.
-- KEYS: 1 record of the turn  2 its event log      ARGV: 1 fence      ->  1 | 0 = refused
local state = redis.call('HMGET', KEYS[1], 'fence', 'status')
if state[1] ~= ARGV[1] or state[2] ~= 'in_progress' then return 0 end
redis.call('HSET', KEYS[1], 'acted', 1)
return 1

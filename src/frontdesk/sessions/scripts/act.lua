-- Claims an effect of a running turn, which changes something in the world from here on; refused as
-- `append` is.
-- KEYS: 1 record of the turn  2 its event log  3 its effects
-- ARGV: 1 fence  2 key of the effect  3 claim, unlike any other  4 seconds to keep
-- ->  new | known what = an earlier claim, or its outcome | refused
local state = redis.call('HMGET', KEYS[1], 'fence', 'status')
if state[1] ~= ARGV[1] or state[2] ~= 'in_progress' then return {'refused'} end
local known = redis.call('HGET', KEYS[3], ARGV[2])
if known and known ~= ARGV[3] then return {'known', known} end
redis.call('HSET', KEYS[1], 'acted', 1)
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[4])
return {'new'}

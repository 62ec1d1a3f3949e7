-- Keeps the outcome of an effect, unless its turn was forgotten.
-- KEYS: 1 record of the turn  2 its effects  ARGV: 1 key of the effect  2 outcome  3 seconds to keep
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1

-- Keeps a fact of an owner, unless there are too many, or the turn that asks for it was forgotten.
-- KEYS: 1 facts  2 record of the turn, or 1 again   ARGV: 1 id  2 fact  3 most  4 seconds to keep
-- ->  1 | 0 = too many | -1 = forgotten
if KEYS[2] ~= KEYS[1] and redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
local known = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1
if not known and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1

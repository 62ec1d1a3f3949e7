-- Keeps a field of a response, once: what is there stays.
-- KEYS: 1 a response    ARGV: 1 field  2 value  3 the field that must be there, or ''
--                             4 seconds to keep                    ->  1 | 0 = it was deleted
if ARGV[3] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[3]) == 0 then return 0 end
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1

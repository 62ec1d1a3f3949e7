-- Adds items to the end of a conversation; one that is there stays in its place.
-- KEYS: 1 meta  2 items  3 order
-- ARGV: 1 seconds to keep  2 how many turns must be listed so far, or '' = any  3 how many are then
--       4… id, item
-- ->  1 | 0 = more turns are listed already | -1 = there is no such session
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
if ARGV[2] ~= '' then
  if (redis.call('HGET', KEYS[1], 'listed') or '0') ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'listed', ARGV[3])
end
local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')
local place = tonumber(last[2] or 0)
for i = 4, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
    place = place + 1
    redis.call('ZADD', KEYS[3], place, ARGV[i])
  end
end
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[1])
return 1

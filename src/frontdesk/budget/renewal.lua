-- Holds slots for longer, whether they are still there or not.
-- KEYS: the slots   ARGV: 1 member  2 lease in ms
local t = redis.call('TIME')
local due = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, due, ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 1

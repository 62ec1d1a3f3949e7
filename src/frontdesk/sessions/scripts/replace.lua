-- Sets elements of a history aside that cannot be read and puts others in their place.
-- Place -1 is not in the history: what was there is only kept.
-- KEYS: 1 meta  2 turns  3 what was set aside   ARGV: 1 seconds to keep  2… place, old, new, again and again
local base = tonumber(redis.call('HGET', KEYS[1], 'base') or 0)
for i = 2, #ARGV, 3 do
  local place = tonumber(ARGV[i]) - base
  local there = place >= 0 and redis.call('LINDEX', KEYS[2], place) == ARGV[i + 1]
  if there then redis.call('LSET', KEYS[2], place, ARGV[i + 2]) end
  if there or ARGV[i] == '-1' then
    redis.call('RPUSH', KEYS[3], ARGV[i + 1])
    redis.call('EXPIRE', KEYS[3], ARGV[1])
  end
end
return 1

-- Adds what a turn has used to the sums of a day, once: a repeat finds the turn's mark.
-- KEYS: 1 day      ARGV: 1 seconds to keep  2 turn  3 the field of the mark
--                        4… field, "number … number" or "number … number|name", again and again
-- ->  1 | 0 = it was added before
local day, keep, turn, mark = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', day, mark) == turn then return 0 end
for i = 4, #ARGV, 2 do
  local numbers, name = string.match(ARGV[i + 1], '^([^|]*)(.*)$')
  local before, sums = {}, {}
  for number in string.gmatch(redis.call('HGET', day, ARGV[i]) or '', '[^| ]+') do
    before[#before + 1] = tonumber(number)
  end
  for number in string.gmatch(numbers, '%S+') do
    sums[#sums + 1] = string.format('%.0f', tonumber(number) + (before[#sums + 1] or 0))
  end
  redis.call('HSET', day, ARGV[i], table.concat(sums, ' ') .. name)
end
redis.call('HSET', day, mark, turn)
redis.call('EXPIRE', day, keep)
return 1

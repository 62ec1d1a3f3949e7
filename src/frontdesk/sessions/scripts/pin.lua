-- Pins a turn, or takes its pin away. The field is `<place>:<tokens> …`, in order of the places.
-- KEYS: 1 meta      ARGV: 1 place  2 its tokens, or '' = away  3 most turns  4 most tokens
-- ->  1 | 0 = no such session | -1 = too many turns | -2 = too many tokens
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local base = tonumber(redis.call('HGET', KEYS[1], 'base') or 0)
local pins, total = {}, 0
for place, tokens in string.gmatch(redis.call('HGET', KEYS[1], 'pins') or '', '(%d+):(%d+)') do
  if place ~= ARGV[1] and tonumber(place) >= base then
    pins[#pins + 1] = {tonumber(place), tonumber(tokens)}
    total = total + tonumber(tokens)
  end
end
if ARGV[2] ~= '' then
  if #pins >= tonumber(ARGV[3]) then return -1 end
  if total + tonumber(ARGV[2]) > tonumber(ARGV[4]) then return -2 end
  pins[#pins + 1] = {tonumber(ARGV[1]), tonumber(ARGV[2])}
end
table.sort(pins, function(one, other) return one[1] < other[1] end)
for i, pin in ipairs(pins) do pins[i] = string.format('%d:%d', pin[1], pin[2]) end
if #pins == 0 then
  redis.call('HDEL', KEYS[1], 'pins')
else
  redis.call('HSET', KEYS[1], 'pins', table.concat(pins, ' '))
end
return 1

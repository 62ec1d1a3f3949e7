-- Keeps a summary if its claim still stands and it reaches further than the one before; counts what
-- its making has used in any case. Without a summary the claim stays: that is the pause after it.
-- Where a turn has begun since the window moved, it waits for the next move: no prompt changes its
-- beginning in between.
-- KEYS: 1 meta
-- ARGV: 1 claim  2 place after the last turn that it covers  3 summary, or '' = none  4 used, JSON
-- ->  1 = kept | 0 = not kept
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local state = redis.call('HMGET', KEYS[1], 'claim', 'summed', 'counted', 'spent', 'fence', 'moved')
if state[3] ~= ARGV[1] then
  local spent = cjson.decode(state[4] or '{}')
  for name, used in pairs(cjson.decode(ARGV[4])) do spent[name] = (spent[name] or 0) + used end
  redis.call('HSET', KEYS[1], 'counted', ARGV[1], 'spent', cjson.encode(spent))
end
if string.match(state[1] or '', ' (.*)$') ~= ARGV[1] or ARGV[3] == '' then return 0 end
if tonumber(ARGV[2]) > tonumber(state[2] or 0) then
  local field = state[5] == state[6] and 'summary' or 'next_summary'
  redis.call('HSET', KEYS[1], field, ARGV[3], 'summed', ARGV[2], 'claim', '0 ' .. ARGV[1])
end
return 1

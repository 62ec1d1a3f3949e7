-- Claims the making of a session's next summary, when turns have left the window since the last one.
-- KEYS: 1 meta  2 turns      ARGV: 1 claim  2 seconds that it holds  3 most turns
-- ->  the place after the last turn to cover, the summary so far, the turns that are not in it
--     | nothing = there is nothing to do, or somebody does it
local state = redis.call('HMGET', KEYS[1], 'window', 'summed', 'base', 'claim', 'summary',
  'next_summary')
local window, base = tonumber(state[1] or 0), tonumber(state[3] or 0)
local first = math.max(tonumber(state[2] or 0), base)
if first >= window then return {} end
local ends, claimed = string.match(state[4] or '0 ', '^(%d+) (.*)$')
local now = tonumber(redis.call('TIME')[1])
if tonumber(ends) > now and claimed ~= ARGV[1] then return {} end
redis.call('HSET', KEYS[1], 'claim', string.format('%d %s', now + tonumber(ARGV[2]), ARGV[1]))
first = math.max(first, window - tonumber(ARGV[3])) - base
return {window, state[6] or state[5] or '', redis.call('LRANGE', KEYS[2], first, window - base - 1)}

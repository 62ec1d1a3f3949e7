-- Holds a running turn for longer, also when its lease ran out but nobody took the turn over.
-- ARGV: 6 turn  7 fence         ->  1 | 0 = lost, stop | how the turn shall end early
local turn, fence = unpack(ARGV, 6)
local state = redis.call('HMGET', meta, 'fence', 'cur')
if state[1] ~= fence or state[2] ~= turn then return 0 end
redis.call('SET', lease, holder .. ':' .. fence, 'PX', lease_ms)
touch(turn)
return redis.call('HGET', stem .. turn, 'cancel') or 1

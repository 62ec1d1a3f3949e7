-- Gives the running turn up, so that another process takes it over at once.
-- ARGV: 6 turn  7 fence  8 '1' = it has begun to run  9 '1' = for workers only
-- ->  1 | 0 = it is not this holder's any more
local turn, fence, begun, workers = unpack(ARGV, 6)
local record = stem .. turn
local state = redis.call('HMGET', meta, 'fence', 'cur')
if state[1] ~= fence or state[2] ~= turn then return 0 end
if workers == '1' then redis.call('HSET', record, 'placed', 1) end
if begun == '1' then redis.call('HSET', record, 'handed', 1) end
if redis.call('DEL', lease) == 1 and begun == '0' then
  redis.call('HINCRBY', record, 'tries', -1)  -- who takes it over is the first to try
  redis.call('HSET', record, 'status', 'queued')
end
touch(turn)
return 1

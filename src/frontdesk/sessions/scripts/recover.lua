-- Takes a session over whose holder is gone: the same turn again, or the next one that waits.
-- ARGV: 6 ''  7 '1' = also a turn that is placed with the workers
-- ->  run … | held ms | placed turn fence | empty
local cur = redis.call('HGET', meta, 'cur')
if redis.call('EXISTS', lease) == 1 then
  if cur and mine() then return held(cur) end
  return {'held', redis.call('PTTL', lease)}
end
if cur and redis.call('HEXISTS', stem .. cur, 'message') == 1 then
  local known = redis.call('HMGET', stem .. cur, 'placed', 'cancel', 'fence')
  if known[1] and not known[2] and ARGV[7] ~= '1' then return {'placed', cur, known[3]} end
  redis.call('HINCRBY', stem .. cur, 'tries', 1)
  take(cur)
  return held(cur)
end
local turn = pop()
if turn then
  take(turn)
  return held(turn)
end
redis.call('HDEL', meta, 'cur')
return {'empty'}

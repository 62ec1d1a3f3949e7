-- Takes a session over whose holder is gone: the same turn again, or the next one that waits.
-- ->  run … | held ms | empty
local cur = redis.call('HGET', meta, 'cur')
if redis.call('EXISTS', lease) == 1 then
  if cur and mine() then return held(cur) end
  return {'held', redis.call('PTTL', lease)}
end
if cur and redis.call('HEXISTS', stem .. cur, 'message') == 1 then
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

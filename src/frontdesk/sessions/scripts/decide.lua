-- Takes a person's decision once. When none is missing any more, or the turn shall end, it goes on:
-- at once in a free session, else before those that wait.
-- ARGV: 6 turn  7 approval, or '' = the turn shall end  8 decision, or why it ends: expired | cancel
-- ->  run … | queued orphan | more | decided | expired | missing
local turn, approval, decision = unpack(ARGV, 6)
local record, pending = stem .. turn, stem .. turn .. ':pending'
local known = redis.call('HMGET', record, 'status', 'expires', 'lapsed', 'paused')
local cur = redis.call('HGET', meta, 'cur')

if not known[4] then return {'missing'} end
if known[3] and approval ~= '' then return {'expired'} end
if known[1] ~= 'waiting' then
  if cur == turn and mine() then return held(turn) end  -- this call again
  return {'decided'}
end
if approval == '' then
  if decision == 'expired' and tonumber(known[2]) > tonumber(now) then return {'more'} end
  if decision == 'expired' then redis.call('HSET', record, 'lapsed', 1) end
  if decision == 'cancel' then redis.call('HSET', record, 'cancel', 'immediate') end
else
  if tonumber(known[2]) <= tonumber(now) then return {'expired'} end
  local was = redis.call('HGET', pending, approval)
  if not was then return {'missing'} end
  if was ~= '' and was ~= decision then return {'decided'} end
  redis.call('HSET', pending, approval, decision)
  for _, each in ipairs(redis.call('HVALS', pending)) do
    if each == '' then return {'more'} end
  end
end

redis.call('ZREM', waiting, turn)
redis.call('EXPIRE', pending, keep)
if not cur and redis.call('LLEN', inbox) == 0 then
  take(turn)
  return held(turn)
end
redis.call('LPUSH', inbox, turn)
redis.call('HSET', record, 'status', 'queued', 'holder', holder, 'position', 1)
touch(turn)
return {'queued', 1 - redis.call('EXISTS', lease)}

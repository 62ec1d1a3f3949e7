-- Closes a session for ever: what runs or waits in it is gone, a later commit is refused. Its
-- history is left to the caller.                       ->  keys deleted | -1 = there was none
if redis.call('EXISTS', meta, turns) == 0 then return -1 end
local open_turns = redis.call('LRANGE', inbox, 0, -1)
open_turns[#open_turns + 1] = redis.call('HGET', meta, 'cur') or nil
for _, turn in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
  if redis.call('HGET', stem .. turn, 'session') == ARGV[6] then
    open_turns[#open_turns + 1] = turn
    redis.call('ZREM', waiting, turn)
  end
end
local gone = {meta, lease, inbox, items, order, (string.gsub(meta, 'meta$', 'broken'))}
for _, key in ipairs({meta, turns, lease, inbox}) do gone[#gone + 1] = key .. ':broken' end
local count = redis.call('UNLINK', unpack(gone))
for _, turn in ipairs(open_turns) do
  local key = stem .. turn
  count = count + redis.call('UNLINK', key, key .. ':events', key .. ':trace', key .. ':results',
    key .. ':effects', key .. ':pending', key .. ':rounds')
end
redis.call('ZREM', sessions, ARGV[6])
return count

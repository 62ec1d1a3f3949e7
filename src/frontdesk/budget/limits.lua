-- Takes from several limits, or from none of them, by the clock of Redis.
-- A window is a list of the times of what passed, newest first: the one that is `most` back must be
-- out of it. Slots are a zset of who holds one, by the end of its lease in ms.
-- A repeat of a call that passed takes its slots once, but counts twice in a window.
-- KEYS: the limits   ARGV: 1 member  2 lease in ms, then of each limit: most, window in ms or 0
-- -> {0, now, 1 if the member had a slot already} | {which limit is full, ms until there may be room}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local member, lease, known = ARGV[1], tonumber(ARGV[2]), 0

for i, key in ipairs(KEYS) do
  local most, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  if window > 0 then
    local first = tonumber(redis.call('LINDEX', key, most - 1) or 0)
    if first + window > now then return {i, math.min(first + window - now, window)} end
  else
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if redis.call('ZSCORE', key, member) then
      known = 1
    elseif redis.call('ZCARD', key) >= most then
      return {i, 0}
    end
  end
end

for i, key in ipairs(KEYS) do
  local most, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  if window > 0 then
    redis.call('LPUSH', key, now)
    redis.call('LTRIM', key, 0, most - 1)
    redis.call('PEXPIRE', key, window)
  else
    redis.call('ZADD', key, now + lease, member)
    redis.call('PEXPIRE', key, lease)
  end
end
return {0, now, known}

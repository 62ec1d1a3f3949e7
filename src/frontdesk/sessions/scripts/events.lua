-- Appends ARGV[from], … (number, kind, data, again and again) to a log, except what it holds already.
local function append(log, fence, from, seconds)
  local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
  local a, b = string.match(newest and newest[1] or '0-0', '^(%d+)-(%d+)$')
  a, b = tonumber(a), tonumber(b)
  for i = from, #ARGV, 3 do
    local n = tonumber(ARGV[i])
    if fence > a or (fence == a and n > b) then
      redis.call('XADD', log, string.format('%d-%d', fence, n), 'k', ARGV[i + 1], 'd', ARGV[i + 2])
    end
  end
  redis.call('EXPIRE', log, seconds)
  redis.call('PUBLISH', log, '')
end

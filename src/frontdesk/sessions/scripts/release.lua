-- Drops sessions from the index of leases, except those that somebody has entered again since.
-- KEYS: 1 the index      ARGV: member, score as it was seen, again and again
for i = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[i + 1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1

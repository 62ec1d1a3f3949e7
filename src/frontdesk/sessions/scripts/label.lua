-- Sets fields of a session that is there; it must not come back to life without its end.
-- KEYS: 1 meta      ARGV: field, value, again and again       ->  1 | 0 = there is none
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1

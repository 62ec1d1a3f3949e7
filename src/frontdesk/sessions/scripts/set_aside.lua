-- Renames every key of a call that is not of its type, so that it is in nobody's way and not lost.
-- KEYS and ARGV are those of the call that failed: of a session, of `append`, `act` or `settle`.
-- ->  the names that were in the way
local found = {}

local function want(key, kind)
  local is = redis.call('TYPE', key).ok
  if is == 'none' or is == kind then return end
  redis.call('RENAME', key, key .. ':broken')
  redis.call('EXPIRE', key .. ':broken', 2592000)
  found[#found + 1] = key
end

if string.find(KEYS[#KEYS], ':effects$') then
  want(KEYS[1], 'hash')
  want(KEYS[#KEYS], 'hash')
  return found
end

if #KEYS == 2 then
  want(KEYS[1], 'hash')
  want(KEYS[2], 'stream')
  return found
end

local sessions, meta, turns, lease, inbox, stem, events, facts = unpack(KEYS)
want(sessions, 'zset')
want(meta, 'hash')
want(turns, 'list')
want(lease, 'string')
want(inbox, 'list')
want(events, 'stream')
want(facts, 'hash')
want((string.gsub(sessions, 'sessions$', 'waiting')), 'zset')
local open_turns = redis.call('LRANGE', inbox, 0, -1)
open_turns[#open_turns + 1] = redis.call('HGET', meta, 'cur') or nil
open_turns[#open_turns + 1] = ARGV[6]
for _, turn in ipairs(open_turns) do
  want(stem .. turn, 'hash')
  want(stem .. turn .. ':events', 'stream')
end
return found

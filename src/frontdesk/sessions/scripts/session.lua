-- Stands before every script of a session. The first KEYS are of one owner, so of one slot.
-- KEYS: 1 the owner's sessions  2 meta  3 turns  4 lease  5 inbox
--       6 what the key of every turn begins with  7 event log of the turn at hand
--       8 facts of the owner  9 the index of leases, where it is in reach; ARGV then ends with the
--         session's entry and when its lease ends
-- ARGV: 1 seconds to keep  2 now, seconds  3 holder, new for each call  4 lease, ms
--       5 most turns in a window, then what the script itself asks for
local sessions, meta, turns, lease, inbox, stem, events, facts = unpack(KEYS)
local waiting = string.gsub(sessions, 'sessions$', 'waiting')
local items = string.gsub(meta, 'meta$', 'items')
local order = string.gsub(meta, 'meta$', 'order')
local keep, now, holder, lease_ms, widest = unpack(ARGV)

-- A key that is not of its type stops the script here, before it has written anything.
redis.call('ZCARD', sessions)
redis.call('HLEN', meta)
redis.call('LLEN', turns)
redis.call('LLEN', inbox)
redis.call('STRLEN', lease)
redis.call('XLEN', events)
redis.call('HLEN', facts)
redis.call('ZCARD', waiting)
if ARGV[6] then redis.call('HLEN', stem .. ARGV[6]) end

-- The index only saves time in finding a turn whose holder died: its faults stop nobody.
if KEYS[9] then redis.pcall('ZADD', KEYS[9], ARGV[#ARGV], ARGV[#ARGV - 1]) end

local function touch(turn)
  for _, key in ipairs({sessions, meta, turns, inbox, facts, waiting, items, order, stem .. turn}) do
    redis.call('EXPIRE', key, keep)
  end
end

-- Makes a turn the running one, under a new fence.
local function take(turn)
  local fence = redis.call('HINCRBY', meta, 'fence', 1)
  redis.call('SET', lease, holder .. ':' .. fence, 'PX', lease_ms)
  redis.call('HSET', meta, 'cur', turn)
  redis.call('HSET', stem .. turn, 'status', 'in_progress', 'fence', fence, 'holder', holder)
  touch(turn)
end

-- The next turn that waits; one whose record is gone is passed over.
local function pop()
  local turn = redis.call('LPOP', inbox)
  while turn and redis.call('HEXISTS', stem .. turn, 'message') == 0 do
    turn = redis.call('LPOP', inbox)
  end
  return turn
end

-- Whether the session is still held as this very call has left it.
local function mine()
  local fence = redis.call('HGET', meta, 'fence')
  return fence and redis.call('GET', lease) == holder .. ':' .. fence
end

-- The pinned turns before a place of the list: added to `early`; their places in the session.
local function pinned(pins, base, first, early)
  local places = {}
  for place in string.gmatch(pins, '(%d+):') do
    local index = tonumber(place) - base
    if index >= 0 and index < first then
      places[#places + 1] = tonumber(place)
      early[#early + 1] = redis.call('LINDEX', turns, index)
    end
  end
  return places
end

-- All that the holder of a turn needs; places in the history count from the session's first turn.
-- Beside the window: the pins, the summary, what summaries have used, places and elements of the
-- pinned turns before it.
local function held(turn)
  local state = redis.call('HMGET', meta, 'fence', 'agent', 'agent_turns', 'totals', 'view')
  local record = redis.call('HMGET', stem .. turn, 'message', 'tries', 'acted', 'cancel',
    'paused', 'lapsed')
  local base = tonumber(redis.call('HGET', meta, 'base') or 0)
  local window = tonumber(redis.call('HGET', meta, 'window') or 0) - base
  local first = math.max(window, redis.call('LLEN', turns) - tonumber(widest), 0)
  local history, known = redis.call('LRANGE', turns, first, -1), redis.call('HVALS', facts)
  local beside = redis.call('HMGET', meta, 'pins', 'summary', 'spent')
  if beside[1] then
    local early = {}
    beside[4], beside[5] = pinned(beside[1], base, first, early), early
  end
  return {'run', turn, record, state, base + first, history, known, beside}
end

-- Tells the process that holds the session, whose name its holders begin with, to look again.
local function tell()
  local held_by = redis.call('GET', lease)
  if held_by then redis.call('PUBLISH', string.match(held_by, '^[^.]*'), '') end
  return held_by
end

-- A session that no list has and that ends with its turn: its id begins so (admission.py).
local function passing(session)
  return string.sub(session, 1, 5) == 'once_'
end

-- Leaves of such a session what its turn is read by, for as long as its log.
local function pass(turn, log_s)
  redis.call('UNLINK', meta, turns, lease, inbox)
  for _, part in ipairs({'', ':results', ':effects'}) do
    redis.call('EXPIRE', stem .. turn .. part, log_s)
  end
end

local function open(session, at)
  if not passing(session) then redis.call('ZADD', sessions, now, session) end
  redis.call('HSETNX', meta, 'created', at)
  redis.call('HSET', meta, 'updated', at)
end

-- Adds one turn to the history; what falls off its far end is forgotten with all its keys.
local function remember(turn, element, longest)
  local length = redis.call('RPUSH', turns, element)
  local base = tonumber(redis.call('HGET', meta, 'base') or 0)
  redis.call('HSET', stem .. turn, 'place', base + length - 1)
  local excess = length - tonumber(longest)
  if excess > 0 then
    for _, old in ipairs(redis.call('LRANGE', turns, 0, excess - 1)) do
      -- A sealed turn has its id before it (sealing.py); nothing else is known of it here.
      local id = string.match(old, '^\255sealed1:%x+:([%w_-]+):')
      local known, record = pcall(cjson.decode, old)
      if not id and known then id = record.id end
      if id then
        local key = stem .. id
        redis.call('UNLINK', key, key .. ':events', key .. ':trace', key .. ':results',
          key .. ':effects', key .. ':pending', key .. ':rounds')
      end
    end
    redis.call('LTRIM', turns, excess, -1)
    redis.call('HINCRBY', meta, 'base', excess)
  end
  return base + length
end

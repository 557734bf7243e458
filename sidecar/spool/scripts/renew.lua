-- ARGV: consumer, ids ...   A sign of life: what this one has in hand is not taken over
in_any_case()
for i = 2, #ARGV do
  local d = load(ARGV[i])
  if d and d.owner == ARGV[1] then
    redis.call('XCLAIM', P .. 'work', GROUP, ARGV[1], 0, d.entry, 'JUSTID')
  end
end
return 1

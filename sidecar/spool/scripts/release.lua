-- ARGV: consumer, ids ...
in_any_case()
for i = 2, #ARGV do
  local d = load(ARGV[i])
  if d and d.owner == ARGV[1] and d.state == 'queued' then
    drop_entry(d)
    arrange(d)
  end
end
return 1

-- ARGV: consumer, now, ids ...   What was fenced, and surely not sent, is queued as it was
in_any_case()
for i = 3, #ARGV do
  local d = load(ARGV[i])
  if d and d.owner == ARGV[1] then
    drop_entry(d)
    if d.state == 'sending' then
      move(d, 'queued', ARGV[2], 'not_sent',
        {attempts = tostring(tonumber(d.attempts) - 1), immediate = '1',
          due = next_turn(ARGV[2])})
    else
      arrange(d)
    end
  end
end
return 1

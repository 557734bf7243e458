-- Sends WhatsApp messages to a thousand recipients in turn; prints as wrk.lua does.
dofile((debug.getinfo(1, 'S').source:sub(2):gsub('wrk_send', 'wrk')))
local number = 0
local message = '{"messaging_product":"whatsapp","recipient_type":"individual","to":"491600%06d",'
  .. '"type":"text","text":{"body":"Your order %d is on its way and will be with you tomorrow."}}'
request = function()
  number = number + 1
  return wrk.format('POST', nil, nil, message:format(number % 1000, number))
end

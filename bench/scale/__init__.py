"""How cost grows: with connections, routes, stored answers and queued messages; and the start."""

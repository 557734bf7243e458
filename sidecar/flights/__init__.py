"""One call to the upstream for several exchanges that ask the same.

Knows who waits and who reads; nothing of keys, freshness or stores.
"""

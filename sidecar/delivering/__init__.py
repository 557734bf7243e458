"""Store and forward: accepts calls, delivers them, and says what became of them.

What is kept, and how, is the spool's; what an outcome means is decided in `core/delivery.py`.
"""

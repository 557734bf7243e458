"""What chains are made of: the state that routes share, and the layers that work with it.

Made when the configuration loads. Knows every layer, and not their order.
"""

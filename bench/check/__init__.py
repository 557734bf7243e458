"""A short bench for every change: has the hot path become slower?"""

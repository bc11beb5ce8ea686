"""The rules, one function each, in modules by theme.

A rule yields a verdict only where the rows at hand make it matter; it refuses to guess, and what
cannot be known is either silent or says so.
"""

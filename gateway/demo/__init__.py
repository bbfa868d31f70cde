"""A coalition's day, played through a real gateway by separate signed clients.

Everything that could differ from run to run is fixed: keys, ids, order and clock. So the same
files give the same ledger and the same statements every time.
"""

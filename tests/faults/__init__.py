"""Real faults, one after the other, under load: `python -m faults` (`make faults`).

Everything is real: the gateway is `coalition serve` in processes of its own, the database is
PostgreSQL on a disk, partners are processes that send signed requests and keep what they were
answered. Their receipt files are the truth that the ledger is compared with.
"""

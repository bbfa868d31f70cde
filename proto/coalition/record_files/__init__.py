"""Record files: what a partner's own books say of a window, read and sent to be reconciled."""

from coalition.record_files.mapping import PLAIN, RecordMapping, read_record_mapping
from coalition.record_files.reading import BadRecord, Controls, read_record, survey
from coalition.record_files.sending import Rules, Sending, SentRecord, send_record

__all__ = [
    "PLAIN",
    "BadRecord",
    "Controls",
    "RecordMapping",
    "Rules",
    "Sending",
    "SentRecord",
    "read_record",
    "read_record_mapping",
    "send_record",
    "survey",
]

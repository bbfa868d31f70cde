"""Faults that happen once in a run, by the name that `--only` takes."""

from collections.abc import Callable, Mapping

from faults import database_cases, disk_cases
from faults.scene import Figures

CASES: Mapping[str, Callable[[], Figures]] = {
    "cut-commit": database_cases.cut_commit,
    "failover": database_cases.failover,
    "lagging-replica": database_cases.failover_to_one_that_lags,
    "point-in-time": database_cases.point_in_time,
    "full-checkpoint-disk": disk_cases.checkpoint_disk_full,
    "full-log-disk": disk_cases.log_disk_full,
    "full-data-disk": disk_cases.data_disk_full,
    "slow-disk": disk_cases.slow_disk,
    "standing-disk": disk_cases.disk_that_stands_still,
    "failing-disk": disk_cases.failing_disk,
}

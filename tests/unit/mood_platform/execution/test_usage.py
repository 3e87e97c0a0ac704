"""What was measured is stored, read again and merged; what was not stays None."""

from mood_platform.execution.meter import usage_of_stats
from mood_platform.execution.usage import Pressure, Usage

FULL = Usage(
    seconds=2, cpu_seconds=1.5, throttled_seconds=0.0, memory_peak=7, cpu=Pressure(0.2, 0.1), node_cases=1
)


def test_the_document_reads_back_unchanged_with_what_was_not_measured() -> None:
    document = FULL.to_json()
    assert document["schema"] == "mood-usage/1"
    assert document["io_bytes"] is None
    assert document["io"] == {"some": None, "full": None}
    assert Usage.from_json(document) == FULL


def test_what_a_later_look_does_not_see_stays_as_it_was_and_memory_keeps_its_peak() -> None:
    later = Usage(seconds=3, cpu_seconds=2.0, memory_peak=5, cpu=Pressure(0.4, None))
    merged = later.after(FULL)
    assert (merged.seconds, merged.cpu_seconds, merged.throttled_seconds) == (3, 2.0, 0.0)
    assert merged.cpu == Pressure(0.4, 0.1)
    assert merged.memory_peak == 7
    assert later.after(None) == later


def test_the_engines_statistics_give_what_they_know_and_no_pressure() -> None:
    document = {
        "cpu_stats": {
            "cpu_usage": {"total_usage": 1_500_000_000},
            "throttling_data": {"throttled_time": 5 * 10**8},
        },
        "memory_stats": {"usage": 5, "max_usage": 7},
        "blkio_stats": {
            "io_service_bytes_recursive": [{"op": "Read", "value": 3}, {"op": "Total", "value": 3}]
        },
    }
    usage = usage_of_stats(document, seconds=4)
    assert usage == Usage(seconds=4, cpu_seconds=1.5, throttled_seconds=0.5, memory_peak=7, io_bytes=3)


def test_an_engine_that_says_zero_of_a_container_that_has_ended_measured_nothing() -> None:
    ended = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}, "blkio_stats": {}}
    assert usage_of_stats(ended, seconds=4) is None
    assert usage_of_stats({}, seconds=4) is None


def test_on_cgroup_v2_the_engine_knows_the_memory_of_this_moment_and_may_know_no_bytes() -> None:
    document = {
        "cpu_stats": {"cpu_usage": {"total_usage": 10**9}},
        "memory_stats": {"usage": 5},
        "blkio_stats": {"io_service_bytes_recursive": None},
    }
    assert usage_of_stats(document, seconds=1) == Usage(seconds=1, cpu_seconds=1.0, memory_peak=5)

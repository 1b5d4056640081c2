"""The progress board: what a face reads from it while the workers write."""

import threading

import pytest

from flowimg_tui.mirror.progress import SPEED_WINDOW, BoardSnapshot, Phase, ProgressBoard, Source


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> ProgressBoard:
    return ProgressBoard(clock)


def test_a_new_board_is_empty(board: ProgressBoard) -> None:
    assert board.snapshot() == BoardSnapshot(
        now=100.0, transfers=(), pending=0, finished=0, failed=0, bytes=0, speed=0.0, seconds_left=None
    )


def test_a_transfer_is_followed_from_its_request_to_its_end(board: ProgressBoard) -> None:
    board.expect(2)
    board.start(7, "0ccfc9c8")
    (asking,) = board.snapshot().transfers
    assert (asking.image_id, asking.label, asking.phase, asking.fraction) == (
        7,
        "0ccfc9c8",
        Phase.ASKING,
        None,
    )
    board.asks(7, Source.SIGNED_URL)
    board.received(7, 30, 120)
    (receiving,) = board.snapshot().transfers
    assert (receiving.phase, receiving.source, receiving.done, receiving.total, receiving.fraction) == (
        Phase.RECEIVING,
        Source.SIGNED_URL,
        30,
        120,
        0.25,
    )
    board.saves(7)
    assert board.snapshot().transfers[0].phase is Phase.SAVING
    board.finish(7)
    done = board.snapshot()
    assert (done.transfers, done.pending, done.finished, done.failed, done.bytes) == ((), 2, 1, 0, 30)


def test_more_bytes_than_announced_are_not_more_than_a_whole(board: ProgressBoard) -> None:
    board.start(1, "a")
    board.received(1, 150, 100)
    assert board.snapshot().transfers[0].fraction == 1.0
    board.received(1, 160, 0)
    assert board.snapshot().transfers[0].fraction is None


def test_a_transfer_that_waits_says_until_when_and_why_and_then_no_more(
    board: ProgressBoard, clock: Clock
) -> None:
    board.start(1, "a")
    board.received(1, 30, 120)
    board.waits(1, next_try=2, tries=5, seconds=3.0, reason="HTTP 503")
    (waiting,) = board.snapshot().transfers
    assert (waiting.phase, waiting.next_try, waiting.tries, waiting.resumes_at, waiting.reason) == (
        Phase.WAITING,
        2,
        5,
        103.0,
        "HTTP 503",
    )
    clock.now += 3
    board.asks(1, Source.API)
    (again,) = board.snapshot().transfers
    assert (again.phase, again.done, again.total, again.resumes_at, again.reason, again.next_try) == (
        Phase.ASKING,
        0,
        None,
        None,
        None,
        2,
    )


def test_a_transfer_whose_session_ended_waits_for_no_moment_and_says_why(board: ProgressBoard) -> None:
    board.start(1, "a")
    board.waits(1, next_try=2, tries=5, seconds=3.0, reason="HTTP 503")
    board.pauses(1, "The session has ended.")
    (paused,) = board.snapshot().transfers
    assert (paused.phase, paused.resumes_at, paused.reason) == (Phase.PAUSED, None, "The session has ended.")
    board.asks(1, Source.API)
    assert board.snapshot().transfers[0].reason is None


def test_bytes_of_every_try_count_as_bytes_of_the_run(board: ProgressBoard) -> None:
    board.start(1, "a")
    board.asks(1, Source.API)
    board.received(1, 30, 120)
    board.received(1, 50, 120)
    board.asks(1, Source.SIGNED_URL)
    board.received(1, 120, 120)
    assert board.snapshot().bytes == 170


def test_what_is_said_of_an_image_that_is_not_running_is_ignored(board: ProgressBoard) -> None:
    board.received(1, 30, 120)
    board.waits(1, 2, 5, 1.0, "x")
    board.pauses(1, "x")
    board.saves(1)
    board.drop(1)
    assert board.snapshot().transfers == ()
    assert board.snapshot().bytes == 0


def test_an_image_that_was_given_up_is_neither_finished_nor_failed(board: ProgressBoard) -> None:
    board.expect(1)
    board.start(1, "a")
    board.drop(1)
    given_up = board.snapshot()
    assert (given_up.transfers, given_up.finished, given_up.failed) == ((), 0, 0)


def test_failed_images_are_finished_too(board: ProgressBoard) -> None:
    board.start(1, "a")
    board.finish(1, failed=True)
    assert (board.snapshot().finished, board.snapshot().failed) == (1, 1)


def test_the_speed_is_that_of_the_last_seconds(board: ProgressBoard, clock: Clock) -> None:
    board.start(1, "a")
    board.snapshot()
    for second in range(1, 11):
        clock.now += 1
        board.received(1, second * 1000, None)
        assert board.snapshot().speed == pytest.approx(1000)
    # It stands still: after the window nothing of the old speed is left.
    speeds = []
    for _ in range(int(SPEED_WINDOW) + 1):
        clock.now += 1
        speeds.append(board.snapshot().speed)
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] > speeds[-1] == 0.0


def test_a_face_that_looks_seldom_sees_the_mean_since_it_looked(board: ProgressBoard, clock: Clock) -> None:
    board.start(1, "a")
    board.snapshot()
    clock.now += 60
    board.received(1, 6000, None)
    assert board.snapshot().speed == pytest.approx(100)


def test_the_time_left_is_estimated_from_the_pictures_so_far(board: ProgressBoard, clock: Clock) -> None:
    board.expect(5)
    board.snapshot()
    for image_id in (1, 2):
        board.start(image_id, "a")
        board.received(image_id, 1000, 1000)
        board.finish(image_id)
    clock.now += 2
    # Three pictures of 1000 bytes at 1000 bytes a second.
    assert board.snapshot().seconds_left == pytest.approx(3.0)
    board.start(3, "c")
    board.received(3, 500, 1000)
    half = board.snapshot()
    assert half.speed == pytest.approx(1250)
    assert half.seconds_left == pytest.approx(2500 / 1250)


def test_nobody_knows_the_time_left_before_a_picture_is_there(board: ProgressBoard, clock: Clock) -> None:
    board.expect(5)
    board.snapshot()
    board.start(1, "a")
    board.received(1, 1000, 2000)
    clock.now += 1
    assert board.snapshot().speed > 0
    assert board.snapshot().seconds_left is None


def test_adopted_files_do_not_spoil_the_estimate(board: ProgressBoard, clock: Clock) -> None:
    board.expect(12)
    board.snapshot()
    for image_id in range(10):
        board.finish(image_id, fetched=False)
    board.start(11, "a")
    board.received(11, 1000, 1000)
    board.finish(11)
    clock.now += 1
    assert board.snapshot().seconds_left == pytest.approx(1.0)


def test_a_snapshot_does_not_change_under_its_reader(board: ProgressBoard) -> None:
    board.start(1, "a")
    before = board.snapshot()
    board.received(1, 10, 20)
    board.finish(1)
    assert before.transfers[0].done == 0
    assert len(before.transfers) == 1


def test_many_threads_write_and_one_reads_and_the_sums_are_right() -> None:
    board, writers, images, chunks = ProgressBoard(), 6, 30, 10
    board.expect(writers * images)
    ended = threading.Event()
    looks: list[BoardSnapshot] = []
    together = threading.Barrier(writers + 1)

    def write(writer: int) -> None:
        together.wait()
        for number in range(images):
            image_id = writer * images + number
            board.start(image_id, "a")
            board.asks(image_id, Source.API)
            for chunk in range(1, chunks + 1):
                board.received(image_id, chunk * 10, chunks * 10)
            board.saves(image_id)
            board.finish(image_id, failed=number % 3 == 0)

    def read() -> None:
        together.wait()
        while not ended.is_set():
            looks.append(board.snapshot())

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    reader.join()
    last = board.snapshot()
    assert (last.transfers, last.finished, last.failed) == ((), writers * images, writers * images // 3)
    assert last.bytes == writers * images * chunks * 10
    assert all(len(look.transfers) <= writers for look in looks)
    assert [look.bytes for look in looks] == sorted(look.bytes for look in looks)


def test_a_transfer_tells_its_speed_and_for_how_long_nothing_came(board: ProgressBoard, clock: Clock) -> None:
    board.start(7, "0ccfc9c8")
    board.asks(7, Source.API)
    clock.now += 2
    assert board.snapshot().transfers[0].stands_for(clock.now) == 2
    board.received(7, 600, 1000)
    (transfer,) = board.snapshot().transfers
    assert (transfer.speed, transfer.stands_for(clock.now)) == (300, 0)
    clock.now += 5
    (transfer,) = board.snapshot().transfers
    assert (transfer.speed, transfer.stands_for(clock.now)) == (300, 5)
    board.waits(7, 2, 5, 3.0, "HTTP 503")
    assert board.snapshot().transfers[0].stands_for(clock.now) == 0
    board.asks(7, Source.API)
    assert board.snapshot().transfers[0].speed == 0


def test_a_wait_for_a_turn_has_no_end_that_is_known(board: ProgressBoard) -> None:
    board.start(7, "0ccfc9c8")
    board.waits(7, 1, 5, None, "Flow asks for fewer at a time")
    (transfer,) = board.snapshot().transfers
    assert (transfer.phase, transfer.resumes_at) == (Phase.WAITING, None)

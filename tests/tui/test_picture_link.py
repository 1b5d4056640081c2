"""Whether a terminal keeps up with pictures, by when it answers a question behind them."""

import pytest

from flowimg_tui.tui.picture_link import REST, SLOW, PictureLink
from tests.tui.scripted import Clock


class Link(PictureLink):
    """A link with a terminal at its other end that answers when the test says so."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.questions = 0
        super().__init__(self.clock, self.asked)

    def asked(self) -> None:
        self.questions += 1

    def answers_after(self, seconds: float) -> None:
        self.clock.now += seconds
        self.answered()


@pytest.fixture
def link() -> Link:
    """One whose way there and back takes 0.3 s."""
    link = Link()
    link.open()
    link.answers_after(0.3)
    return link


def paused_after(link: Link, seconds: float) -> tuple[bool, str]:
    """Return whether pictures are paused so much later, and how far the note says the terminal is behind."""
    link.clock.now += seconds
    is_paused = link.is_paused
    return is_paused, link.note.partition("the terminal is ")[2].partition(" s ")[0]


def test_a_long_way_alone_is_no_slow_terminal(link: Link) -> None:
    for _ in range(3):
        link.sent(10_000)
        link.answers_after(0.3 + SLOW)
        assert not link.is_paused


def test_a_terminal_that_is_behind_gets_no_picture_until_it_has_rested(link: Link) -> None:
    link.sent(10_000)
    assert paused_after(link, 0.3 + SLOW) == (False, "0.5")
    assert paused_after(link, 0.1) == (True, "0.6")
    link.answers_after(0.4)
    assert paused_after(link, 0.0) == (True, "1.0")
    assert paused_after(link, REST) == (False, "1.0")


def test_a_terminal_that_never_answers_is_asked_no_more_and_gets_its_pictures() -> None:
    link = Link()
    link.open()
    link.clock.now += 60
    link.sent(10_000)
    link.clock.now += 60
    link.sent(10_000)
    assert (link.questions, link.is_paused) == (1, False)


def test_a_terminal_whose_first_answer_comes_late_is_asked_again() -> None:
    link = Link()
    link.open()
    link.clock.now += 6
    link.sent(10_000)
    link.answers_after(1.0)
    link.sent(10_000)
    link.answers_after(0.3)
    link.sent(10_000)
    assert paused_after(link, 0.4 + SLOW) == (True, "0.6")


def test_an_answer_that_is_lost_is_asked_for_again(link: Link) -> None:
    link.sent(10_000)
    assert paused_after(link, 1.0)[0]
    assert link.questions == 2
    assert paused_after(link, 5.0)[0]
    assert link.questions == 3
    link.answers_after(0.3)
    assert paused_after(link, REST) == (False, "6.0")


def test_a_question_at_a_time_is_enough(link: Link) -> None:
    link.sent(10_000)
    link.sent(10_000)
    assert link.questions == 2  # that of the way, and one behind the first picture
    link.answers_after(0.3)
    link.answered()  # one that nobody asked for
    link.sent(10_000)
    assert link.questions == 3


def test_what_pictures_cost_is_told(link: Link) -> None:
    assert link.report == "No picture was sent to the terminal yet."
    link.sent(9_800)
    assert link.report == "1 picture cost 9.8 kB so far, the last one 9.8 kB."
    link.sent(20_200)
    assert link.report == "2 pictures cost 30 kB so far, the last one 20 kB."
    link.clock.now += 2.3
    assert link.report == "2 pictures cost 30 kB so far; paused: 2.0 s behind."
    assert link.note == "Pictures are paused: the terminal is 2.0 s behind."


def test_a_page_of_pictures_is_counted_as_so_many(link: Link) -> None:
    link.sent_ahead(1_000)
    link.sent(8_000)
    link.sent(36_000, 24)
    assert link.report == "25 pictures cost 45 kB so far, the last 24 of them 36 kB."


@pytest.mark.parametrize("behind", [0.6, 120.0])
def test_what_is_said_of_pictures_is_whole_on_a_narrow_screen(link: Link, behind: float) -> None:
    link.sent(12_345_678, 2_345)
    link.clock.now += 0.3 + behind
    assert link.is_paused
    assert max(len(link.report), len(link.note)) <= 58


def test_what_was_sent_behind_a_question_is_asked_about_when_that_is_answered(link: Link) -> None:
    link.sent(10_000)
    link.sent(36_000)
    link.answers_after(0.3)
    link.catch_up()
    assert link.questions == 3
    assert paused_after(link, 0.4 + SLOW) == (True, "0.6")
    link.answers_after(0.0)
    link.catch_up()
    assert link.questions == 3  # nothing stands behind the last one

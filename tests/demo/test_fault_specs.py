"""Faults as people write them: what is refused and why, which answers a spec spoils, and what is counted."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from flowimg_tui.demo.gallery import DemoImage
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.demo.faulty import SESSION, Reply, Visitor, newest, statuses
from tests.demo.test_google_routes import FIRST_PROJECTS, Browser

NAMES = (
    *("status", "cut", "cut_close", "cut_chunks", "reset", "reset_mid", "stall", "silence", "drip"),
    *("html", "json", "empty", "wrong_label", "changed", "bad_base64", "half_picture", "missing_field"),
    *("oversized", "oversized_chunks", "expired_url", "expired_token", "redirect"),
    *("loop_list", "repeat_list", "duplicates", "garbage", "truncated", "inner_status", "retired"),
    *("refuse_cursor", "flaky"),
)


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(DemoOptions(images=6)) as running:
        yield running


@pytest.fixture
def visitor(service: DemoService) -> Visitor:
    return Visitor(service)


@pytest.fixture
def images(service: DemoService) -> list[DemoImage]:
    return service.gallery.page(None, 6)[0]


def control(visitor: Visitor, method: str, spec: str | None = None) -> Reply:
    return visitor.ask("/control/faults" + (f"?spec={quote(spec)}" if spec is not None else ""), method)


class TestSpec:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_fault_needs_no_more_than_its_name(self, service: DemoService, name: str) -> None:
        service.add_fault(name)
        assert service.fault_hits == {name: 0}

    @pytest.mark.parametrize(
        ("spec", "told"),
        [
            ("", "there is no fault ''; there are status, cut, cut_close"),
            ("unknown", "there is no fault 'unknown'; there are status, cut"),
            ("Cut", "there are status, cut"),
            ("cut:", "NAME:KEY=VALUE,KEY=VALUE"),
            ("cut:at", "NAME:KEY=VALUE,KEY=VALUE"),
            ("cut:at=0.5,", "NAME:KEY=VALUE,KEY=VALUE"),
            ("cut:at=0.5,at=0.6", "each key once"),
            ("cut:to=here", "cut takes on, times, each, after, key, share, seed, at, not 'to'"),
            ("reset:at=0.5", "reset takes on, times, each, after, key, share, seed, not 'at'"),
            ("cut:at=1.5", "at must be a number from 0 to 1"),
            ("cut:at=-1", "at must be a number from 0 to 1"),
            ("cut:at=nan", "at must be a number from 0 to 1"),
            ("cut:at=1e-1", "at must be a number from 0 to 1"),
            ("cut:at=", "at must be a number from 0 to 1"),
            ("cut:share=2", "share must be a number from 0 to 1"),
            ("cut:times=-1", "times must be a whole number from 0 to 1000000"),
            ("cut:times=1.0", "times must be a whole number from 0 to 1000000"),
            ("cut:times=٣", "times must be a whole number from 0 to 1000000"),
            ("cut:times=1000001", "times must be a whole number from 0 to 1000000"),
            ("cut:key=", "key must be a text"),
            ("status:code=200", "code must be a whole number from 400 to 599"),
            ("redirect:to=http://host/\r\nX: y", "to must be a text without control characters"),
            ("cut:on=", "on of cut must be of list, session, media, image, pictures, all, joined by +"),
            ("cut:on=media+", "on of cut must be of list, session, media, image, pictures, all, joined by +"),
            ("loop_list:on=media", "on of loop_list must be of list, all, joined by +"),
            ("bad_base64:on=image", "on of bad_base64 must be of media, pictures, all, joined by +"),
            ("expired_url:on=list", "on of expired_url must be of image, pictures, all, joined by +"),
        ],
    )
    def test_a_wrong_one_is_refused_with_what_is_allowed(
        self, service: DemoService, spec: str, told: str
    ) -> None:
        with pytest.raises(ValueError, match=re.escape(told)):
            service.add_fault(spec)
        assert service.fault_hits == {}

    def test_the_options_name_faults_that_are_there_from_the_start(self) -> None:
        with DemoService(DemoOptions(images=1, faults=("status:code=500", "cut:on=list"))) as service:
            visitor = Visitor(service)
            assert visitor.media(newest(service)).status == 500
            assert service.fault_hits == {"status:code=500": 1, "cut:on=list": 0}

    def test_options_with_a_wrong_one_are_refused(self) -> None:
        with pytest.raises(ValueError, match="there is no fault 'cat'"):
            DemoService(DemoOptions(faults=("cat",)))


class TestControl:
    def test_faults_come_from_outside_are_listed_with_their_hits_and_go(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        added = control(visitor, "POST", "redirect:to=http://[::1]:1/a=b?c&d+e#é,times=1")
        assert (added.status, added.json) == (200, {"faults": service.fault_hits})
        control(visitor, "POST", "cut:on=image")
        redirected = visitor.media(images[0])
        assert redirected.status == 302
        assert list(control(visitor, "GET").json["faults"].values()) == [1, 0]
        assert control(visitor, "DELETE").json == {"faults": {}}
        assert visitor.media(images[0]).status == 200
        assert service.fault_hits == {}

    @pytest.mark.parametrize(
        ("spec", "told"),
        [
            (None, "there is no fault ''"),
            ("cut:at=2", "at must be a number from 0 to 1"),
            ("cut:at=" + "9" * 5000, "at must be a number from 0 to 1"),
        ],
        ids=["none", "wrong", "long"],
    )
    def test_a_wrong_one_gets_400_and_the_sentence(
        self, service: DemoService, visitor: Visitor, spec: str | None, told: str
    ) -> None:
        answer = control(visitor, "POST", spec)
        assert answer.status == 400
        assert answer.json["error"].startswith(told)
        assert service.fault_hits == {}

    def test_the_controls_themselves_are_never_spoilt(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("reset:on=all")
        assert control(visitor, "GET").json == {"faults": {"reset:on=all": 0}}
        assert visitor.ask("/control/fault?name=sign_out", "POST").status == 200

    def test_clearing_ends_the_faults_and_their_counts(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        service.add_fault("html")
        visitor.media(images[0])
        service.clear_faults()
        service.add_fault("html")
        assert service.fault_hits == {"html": 0}


class TestWhichAnswers:
    @pytest.mark.parametrize(
        ("on", "spoilt"),
        [
            ("list", {"list"}),
            ("session", {"session"}),
            ("media", {"media"}),
            ("image", {"image"}),
            ("pictures", {"media", "image"}),
            ("all", {"list", "session", "media", "image"}),
            ("list+session", {"list", "session"}),
        ],
    )
    def test_on_says_which_part_of_labs(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage], on: str, spoilt: set[str]
    ) -> None:
        url = visitor.signed(images[0])
        service.add_fault(f"status:on={on}")
        answers = {
            "list": visitor.list(),
            "session": visitor.ask(SESSION),
            "media": visitor.media(images[0]),
            "image": visitor.ask(url),
        }
        assert {name for name, answer in answers.items() if answer.status == 503} == spoilt
        assert {answer.status for name, answer in answers.items() if name not in spoilt} <= {200}

    @pytest.mark.parametrize(
        ("on", "spoilt"),
        [
            ("list", {"UpteDb", "Zzl0ze"}),
            ("session", {"page"}),
            ("media", {"as29s"}),
            ("image", set()),
        ],
    )
    def test_on_says_which_part_of_google(
        self, service: DemoService, images: list[DemoImage], on: str, spoilt: set[str]
    ) -> None:
        with Browser(service) as browser:
            project = browser.projects()[0][0]
            service.add_fault(f"status:on={on}")
            answers = {
                "page": browser.open_page(),
                "UpteDb": browser.post("UpteDb", FIRST_PROJECTS),
                "Zzl0ze": browser.post("Zzl0ze", [f"projects/{project}", None, None, None, [1]]),
                "as29s": browser.post("as29s", [images[0].media_key]),
            }
        assert {name for name, answer in answers.items() if answer.status_code == 503} == spoilt

    def test_the_pages_and_scripts_are_never_spoilt(self, service: DemoService, visitor: Visitor) -> None:
        service.add_fault("status:on=all")
        assert visitor.ask("/fx").status == 200
        assert visitor.ask("/nowhere").status == 404

    def test_times_limits_the_answers_in_all(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        service.add_fault("status:times=2")
        assert [visitor.media(image).status for image in images] == [503, 503, 200, 200, 200, 200]
        assert service.fault_hits == {"status:times=2": 2}

    def test_after_lets_the_first_ones_pass(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        service.add_fault("status:after=3,times=2")
        assert [visitor.media(image).status for image in images] == [200, 200, 200, 503, 503, 200]

    def test_each_spoils_the_first_answers_of_every_resource(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        url = visitor.signed(images[0])
        service.add_fault("status:each=2")
        rounds = [[visitor.media(image).status for image in images[:2]] for _ in range(3)]
        assert rounds == [[503, 503], [503, 503], [200, 200]]
        # Another query is the same resource, another path another one.
        assert [visitor.ask(path).status for path in (url, visitor.signed(images[0]), url)] == [503, 503, 200]

    def test_each_call_with_other_arguments_is_a_resource_of_its_own(
        self, service: DemoService, images: list[DemoImage]
    ) -> None:
        with Browser(service) as browser:
            service.add_fault("status:each=1")
            asked = [images[0], images[1], images[0], images[1]]
            answers = [browser.post("as29s", [image.media_key]).status_code for image in asked]
        assert answers == [503, 503, 200, 200]

    def test_key_chooses_one_picture_everywhere(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        url, other = visitor.signed(images[2]), visitor.signed(images[1])
        service.add_fault(f"status:key={images[2].media_key[:8]},on=all")
        assert [visitor.media(image).status for image in images] == [200, 200, 503, 200, 200, 200]
        assert (visitor.ask(url).status, visitor.ask(other).status) == (503, 200)
        assert (visitor.list().status, visitor.ask(SESSION).status) == (200, 200)
        with Browser(service) as browser:
            calls = [browser.post("as29s", [image.media_key]).status_code for image in images[1:4]]
        assert calls == [200, 503, 200]

    def test_share_spoils_about_so_many_and_the_same_ones_in_each_run(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        def run(spec: str) -> list[int]:
            service.clear_faults()
            service.add_fault(spec)
            return [visitor.media(images[0]).status for _ in range(60)]

        first = run("status:share=0.5")
        assert 15 < first.count(503) < 45
        assert run("status:share=0.5,seed=1") == first
        assert run("status:share=0.5,seed=2") != first
        assert set(run("status:share=0")) == {200}

    def test_of_several_faults_the_first_one_happens(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        for spec in ("status:code=500,times=1", "bad_base64:on=media", "status:code=429"):
            service.add_fault(spec)
        upload = next(image for image in images if image.delivery == "upload")
        assert [visitor.media(upload).status for _ in range(2)] == [500, 200]
        assert list(service.fault_hits.values()) == [1, 1, 0]

    def test_a_spec_that_is_there_twice_is_counted_together(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        service.add_fault("status:times=1")
        service.add_fault("status:times=1")
        assert [visitor.media(images[0]).status for _ in range(3)] == [503, 503, 200]
        assert service.fault_hits == {"status:times=1": 2}

    def test_what_the_service_refuses_anyway_is_not_counted(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        service.add_fault("html:times=1")
        service.revoke_bearer()
        assert visitor.media(images[0]).status == 401
        assert service.fault_hits == {"html:times=1": 0}

    def test_every_request_is_recorded_once_with_what_was_sent(
        self, service: DemoService, visitor: Visitor, images: list[DemoImage]
    ) -> None:
        for spec in ("status:times=1", "reset:times=1", "cut:times=1"):
            service.add_fault(spec)
        for _ in range(4):
            visitor.media(images[0])
        assert statuses(service, "/v1/media/") == [503, 499, 200, 200]


def test_flaky_lets_one_of_ten_pass_and_breaks_the_others_in_eight_ways(
    service: DemoService, visitor: Visitor, images: list[DemoImage]
) -> None:
    upload = next(image for image in images if image.delivery == "upload")
    service.add_fault("flaky")
    answers = [visitor.media(upload) for _ in range(150)]
    seen = {(answer.status, answer.ending) for answer in answers}
    good = [answer for answer in answers if answer.status == 200 and answer.body.endswith(b"}")]
    lengths = {answer.headers.get("content-length") for answer in answers if answer.status == 200}
    assert seen == {(200, "closed"), (200, "reset"), (0, "reset"), *((s, "closed") for s in (429, 500, 503))}
    assert {answer.headers["retry-after"] for answer in answers if answer.status == 429} == {"0"}
    assert any(
        answer.headers["content-type"].startswith("text/html") for answer in answers if answer.status == 200
    )
    assert None in lengths
    assert 5 <= len(good) <= 30
    assert service.fault_hits == {"flaky": 150 - len(good)}


def test_flaky_takes_every_part_of_the_service(
    service: DemoService, visitor: Visitor, images: list[DemoImage]
) -> None:
    url = visitor.signed(images[0])
    service.add_fault("flaky:share=1")
    visitor.list()
    visitor.ask(SESSION)
    visitor.media(images[0])
    visitor.ask(url)
    assert service.fault_hits == {"flaky:share=1": 4}

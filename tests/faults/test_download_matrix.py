"""Every fault of a download, wherever it can happen: whole pictures alone, true words, all of it in the end.

A table says of each fault how a run ends where it happens

* ``api``: on the media endpoint alone, and the record knows a signed URL of the picture,
* ``bare``: on the media endpoint alone, and the record knows none,
* ``url``: on the signed URLs alone,
* ``once``: on the first answer of each picture's media endpoint, and on that of its signed URL,
* ``ever``: on every answer of both, and the record knows a signed URL.

It ends with ``api``: each picture is here, from the media endpoint where that has its bytes; ``url``: each
one, from its signed URL; ``none``; ``some``: all but those that only come from a signed URL; or with the
number of the exit code that ends the run, and then nothing has failed. ``-``: there is no such thing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.cli.helpers import Answer, Installation
from tests.conftest import SERVICES
from tests.faults.scene import Scene, failed, scene, sources, states, told

VARIANTS: Final = ("api", "bare", "url", "once", "ever")

LABS: Final = """
fault                            api   bare  url   once  ever  why, says the API       and the signed URL
status:code=400                  url   none  some  none  none  refuses.*HTTP 400       HTTP 400
status:code=401                  3     3     some  some  3     not accept.*HTTP 401    HTTP 401
status:code=403                  url   none  some  none  none  refuses.*HTTP 403       HTTP 403
status:code=404                  url   none  some  none  none  Not found.*HTTP 404     Not found.*HTTP 404
status:code=408                  url   none  some  api   none  asks to try.*HTTP 408   HTTP 408
status:code=425                  url   none  some  api   none  asks to try.*HTTP 425   HTTP 425
status:code=429                  url   none  some  api   none  for a pause.*HTTP 429   HTTP 429
status:code=500                  url   none  some  api   none  has trouble.*HTTP 500   HTTP 500
status:code=503                  url   none  some  api   none  has trouble.*HTTP 503   HTTP 503
status:code=429,retry_after=0    -     -     -     api   none  for a pause.*HTTP 429   HTTP 429
status:code=503,retry_after=0    -     -     -     api   none  has trouble.*HTTP 503   HTTP 503
status:code=429,retry_date=0     -     -     -     api   none  for a pause.*HTTP 429   HTTP 429
status:code=503,retry_date=0     -     -     -     api   none  has trouble.*HTTP 503   HTTP 503
status:code=429,retry_after=960  1     1     1     1     1     16 min, until 20        16 min, until 20
status:code=503,retry_date=9000  1     1     1     1     1     2 h, until 20           2 h, until 20
cut                              url   none  some  api   none  without sending         without sending
cut_close                        url   none  some  api   none  cut off after [0-9]+ b  that is cut off
cut_chunks                       url   none  some  api   none  without sending         without sending
reset                            url   none  some  api   none  connection .* broke     connection .* broke
reset_mid                        url   none  some  api   none  connection .* broke     connection .* broke
stall                            url   none  some  api   none  not answer in time      not answer in time
silence                          url   none  some  api   none  not answer in time      not answer in time
drip:bytes=16,every=0.05         url   none  some  none  none  not done within         not done within
html                             url   none  some  api   none  is a web page           but a web page
json                             url   none  some  none  none  holds no image          but a JSON message
empty                            url   none  some  api   none  is empty                but an empty body
wrong_label                      api   api   api   api   api
changed                          api   api   api   api   api
bad_base64                       url   url   -     url   url
half_picture                     url   url   some  url   none  is cut off|no bytes     that is cut off
missing_field                    url   none  -     none  url   holds no bytes
oversized                        url   none  some  none  none  more than the limit     more than the limit
oversized_chunks                 url   none  some  none  none  longer than the limit   longer than the limit
expired_url                      -     -     some  -     some  holds no bytes          HTTP 400
expired_url:code=403             -     -     some  -     some  holds no bytes          HTTP 403
expired_token                    api   api   -     api   api
redirect                         url   none  some  none  none  elsewhere.*has moved    is not a host
garbage                          url   none  some  none  none  is not JSON             but something else
truncated                        url   none  -     api   url   cut off after [0-9]+ b
"""

GOOGLE: Final = """
fault                            api   bare  url   once  ever  why, says the API       and the signed URL
status:code=400                  -     none  none  none  -     refuses.*HTTP 400       HTTP 400
status:code=401                  -     3     none  none  -     not accept.*HTTP 401    HTTP 401
status:code=404                  -     none  none  none  -     does not have.*HTTP 404 Not found.*HTTP 404
status:code=429                  -     none  none  url   -     for a pause.*HTTP 429   HTTP 429
status:code=500                  url   none  none  url   none  has trouble.*HTTP 500   HTTP 500
status:code=429,retry_after=960  -     1     1     1     -     16 min, until 20        16 min, until 20
cut                              -     none  none  url   -     without sending         without sending
cut_close                        -     none  none  url   -     cut off after [0-9]+ b  that is cut off
cut_chunks                       -     none  none  url   -     without sending         without sending
reset                            -     none  none  url   -     connection .* broke     connection .* broke
silence                          -     none  none  url   -     not answer in time      not answer in time
html                             url   none  none  url   none  is a web page           but a web page
json                             -     none  none  none  -     is not JSON             but a JSON message
empty                            -     none  none  url   -     is empty                but an empty body
wrong_label                      -     url   url   url   -
changed                          -     -     url   url   -
half_picture                     -     -     none  url   -                             that is cut off
missing_field                    url   none  -     none  url   no URL of the picture
oversized                        -     none  none  none  -     more than the limit     more than the limit
expired_url                      -     -     none  -     -                             HTTP 400
expired_token                    -     url   -     url   -
redirect                         url   none  none  none  none  elsewhere, to foreign   is not a host
garbage                          -     none  none  none  -     is not JSON             but something else
truncated                        -     none  -     url   -     cut off after [0-9]+ b
"""

WIDTHS: Final = (33, 6, 6, 6, 6, 6, 24, None)


@dataclass(frozen=True)
class Cell:
    """One fault in one place, and what becomes of the run."""

    service: str
    fault: str
    variant: str
    ends: str
    passes: bool
    by_api: str
    by_url: str

    def __str__(self) -> str:
        return f"{self.service} {self.fault} {self.variant}"

    @property
    def spec(self) -> str:
        where = {"api": "media", "bare": "media", "url": "image"}.get(self.variant, "pictures")
        each = ",each=1" if self.variant == "once" else ""
        return f"{self.fault}{',' if ':' in self.fault else ':'}on={where}{each}"

    @property
    def reasons(self) -> list[str]:
        """What each reason must say: the forms that must all be found in it."""
        api, url = f"^api: .*({self.by_api})", f"signed url: .*({self.by_url})"
        match self.variant:
            case "bare":
                return [api]
            case "url":
                return [url]
            case "ever":
                return [api, url] if self.by_api else [url]
        return [f"{api}|{url}"]

    @property
    def words_of_the_end(self) -> str:
        return self.by_url if self.variant == "url" else self.by_api

    @property
    def settings(self) -> dict[str, str]:
        """Few tries and seconds where nothing comes of them, and enough of both where something must."""
        settings = {"retries": "4" if self.variant == "once" else "2", "picture_limit": "1"}
        if self.fault.startswith("drip"):
            # The API gets two thirds of it.
            settings["image_timeout"] = "3" if self.variant == "api" else "1"
        return settings

    @property
    def tries(self) -> int:
        """How often each picture is asked for at the API before it is given up."""
        return int(self.settings["retries"]) if self.passes else 1

    @property
    def read_seconds(self) -> float:
        # Where some must come they need time for it on a machine that has other work too.
        return {"ever": 0.1, "bare": 0.3}.get(self.variant, 0.5)


def columns(line: str) -> Iterator[str]:
    for width in WIDTHS:
        cell, line = line[:width], line[width:] if width else ""
        yield cell.strip()


def cells(service: str, table: str) -> Iterator[Cell]:
    for line in table.strip().splitlines()[1:]:
        fault, *ends, by_api, by_url = columns(line)
        once = ends[VARIANTS.index("once")]
        for variant, end in zip(VARIANTS, ends, strict=True):
            if end != "-":
                yield Cell(service, fault, variant, end, once in ("api", "url"), by_api, by_url)


CELLS: Final = [*cells("labs", LABS), *cells("google", GOOGLE)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Three images: a JPEG that only comes from its signed URL, a PNG, and a WebP."""
    with scene(tmp_path_factory.mktemp("three"), *SERVICES, places=(1, 2, 4)) as opened:
        yield opened


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_fault_of_a_download(
    three: Scene, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cell.fault in ("stall", "silence"):
        monkeypatch.setattr("flowimg_tui.flow.http.TIMEOUT", httpx.Timeout(cell.read_seconds))
    flowimg = three.installation(cell.service, tmp_path, **cell.settings)
    if cell.variant in ("api", "ever"):
        three.tell_addresses(flowimg)
    three.demo.add_fault(cell.spec)

    answer = flowimg.quick("download", "--json")

    assert three.demo.fault_hits[cell.spec]
    replaced = cell.fault == "changed"
    assert three.wrong_files(flowimg, replaced=replaced) == []
    as_the_table_says(cell, three, flowimg, answer)

    three.demo.clear_faults()
    monkeypatch.undo()
    assert flowimg.quick("download").code == 0
    assert three.wrong_files(flowimg, replaced=replaced) == []
    assert {path.stem for path in flowimg.files()} == set(sources(flowimg)) == three.media_keys


def as_the_table_says(cell: Cell, three: Scene, flowimg: Installation, answer: Answer) -> None:
    tally, from_url = told(answer), three.by_url_alone if cell.service == "labs" else three.media_keys
    if cell.ends.isdigit():
        assert answer.code == int(cell.ends)
        assert (tally["failed"], flowimg.counts()["failed"]) == (0, 0)
        assert re.search(cell.words_of_the_end, tally["error"])
        assert tally["error"] in answer.stderr
        return
    lacking = {"none": three.media_keys, "some": from_url}.get(cell.ends, set())
    assert answer.code == (4 if lacking else 0)
    assert tally["error"] is None
    assert tally["cancelled"] == 0
    assert set(failed(tally)) == lacking
    for reason in failed(tally).values():
        for form in cell.reasons:
            assert re.search(form, reason)
    if cell.variant == "bare" and lacking:
        assert three.demo.fault_hits[cell.spec] == len(lacking) * cell.tries
    expected = {key: source_of(key, cell, from_url) for key in three.media_keys - lacking}
    assert sources(flowimg) == expected
    assert states(flowimg) == {key: "failed" if key in lacking else "downloaded" for key in three.media_keys}


def source_of(media_key: str, cell: Cell, from_url: set[str]) -> str:
    return "signed url" if cell.ends == "url" or media_key in from_url else "api"

"""The map in a real browser: where labels go, and what is drawn over the points."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from browsing import NEEDS_CHROMIUM, Visit
from test_page_analysis import at, server  # noqa: F401

pytestmark = NEEDS_CHROMIUM
NAMES = {"names": ["kitten, cat", "puppy, dog, doggy", "girl, young"], "place": [0, 0, 0, 1, 1, 2, 2]}
CLUTTERED = """() => {
    // labels and the marks of the first plane as they stand on the screen: the pairs that touch
    const { host, plane } = window.planes[0], box = host.getBoundingClientRect();
    const labels = [...host.querySelectorAll('.plane-labels span')].filter((one) => one.style.visibility === 'visible').map((one) => one.getBoundingClientRect());
    const touching = [];
    labels.forEach((one, row) => {
        for (const [x, y, r] of plane.solid()) {
            const across = Math.max(one.left - box.left - x, 0, x - one.right + box.left), down = Math.max(one.top - box.top - y, 0, y - one.bottom + box.top);
            if (Math.hypot(across, down) < r) touching.push([row, x, y]);
        }
        for (const other of labels.slice(row + 1)) if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom) touching.push([row, 'label']);
    });
    return { shown: labels.length, marks: plane.solid().length, touching };
}"""


def on_the_map(visit: Visit, more: str = "") -> Any:
    """The map with three named clusters, its planes at `window.planes`."""
    page = visit.page
    page.route("**/clusters.json", lambda route: route.fulfill(json=NAMES))
    page.add_init_script(
        "addEventListener('ral:points', (event) => { window.planes = event.detail.planes; }, true);"
    )
    at(visit, "map", "&map=pca" + more)
    page.locator(".plane-labels span").first.wait_for(state="attached")
    page.wait_for_function("window.planes[0].plane.solid().length > 7")
    return page


def test_a_label_steps_aside_or_is_left_out(browser: Any, server: str) -> None:  # noqa: F811
    place = "([boxes, solid]) => RAL.placeLabels(boxes, solid, 400, 300)"
    free = [{"x": 200, "y": 150, "half": 50}]
    wall = [[x, y, 20] for x in range(0, 401, 20) for y in range(0, 301, 20)]
    with Visit(browser, server) as visit:
        page = visit.open()
        assert page.evaluate(place, [free, []]) == [[200, 150]]
        [(x, y)] = page.evaluate(place, [free, [[210, 150, 11]]])
        assert (x, y) != (200, 150) and abs(x - 200) <= 2 * 66 and abs(y - 150) <= 52
        assert page.evaluate(place, [free, wall]) == [None]  # nothing fits
        assert page.evaluate(place, [[{"x": -1, "y": 150, "half": 50}], []]) == [None]  # out of sight
        [(x, _)] = page.evaluate(place, [[{"x": 1, "y": 150, "half": 50}], []])
        assert x == 52  # moved into the plane
        many = [{"x": 200, "y": 150, "half": 190}] * 9
        found = page.evaluate(place, [many, []])
        assert found[0] == [200, 150] and found[-1] is None  # the larger cluster keeps its label
        heights = sorted(y for _, y in filter(None, found))
        assert all(b - a >= 24 for a, b in pairwise(heights))
        assert found == page.evaluate(place, [many, []])


def test_labels_keep_clear_of_the_marks_while_zooming(browser: Any, server: str) -> None:  # noqa: F811
    for size in ((1440, 900), (390, 844)):
        with Visit(browser, server, viewport={"width": size[0], "height": size[1]}) as visit:
            page = on_the_map(visit)
            page.locator(".plane").first.scroll_into_view_if_needed()
            box = page.locator(".plane-host").first.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            for turn in (0, -300, -300, 900):
                page.mouse.wheel(0, turn)
                page.evaluate(
                    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
                )
                seen = page.evaluate(CLUTTERED)
                assert seen["touching"] == [] and seen["marks"] >= 14, json.dumps(seen)
            assert seen["shown"] >= 1
            style = "getComputedStyle(document.querySelector('.plane-labels span'))"
            assert page.evaluate(f"{style}.paintOrder").startswith("stroke")
            assert page.evaluate(f"parseFloat({style}.webkitTextStrokeWidth)") >= 4


FIELD = """async ([count, seen, card]) => {
    // a field of points, most of them in one corner; how long a picture takes, and what colours stand where
    if (card !== undefined) RAL.card = card; // WebGL, here in software, or painted
    const host = document.createElement('div');
    host.style.cssText = 'position:fixed;inset:0;width:900px;height:600px';
    document.querySelector('.gradio-container').append(host);
    const plane = RAL.scatter(host, { label: 'test' }), xy = new Float32Array(2 * count);
    for (let row = 2; row < 2 * count; row += 1) xy[row] = Math.sin(row * 12.9898) * 43758.5453 % 1;
    xy[0] = 3; xy[1] = 3; // alone
    plane.points(xy);
    plane.colour(Uint8Array.from({ length: count }, (_, row) => (row ? 0 : 1)), [[0, 0, 1], [1, 0, 0]]);
    if (seen) plane.filter(seen);
    plane.now();
    const times = [];
    for (let n = 0; n < 9; n += 1) { const began = performance.now(); plane.view.x += 0.001; plane.now(); times.push(performance.now() - began); }
    plane.view.x -= 0.009;
    plane.now();
    const copy = document.createElement('canvas'), canvas = host.querySelector('canvas');
    copy.width = canvas.width; copy.height = canvas.height;
    const pen = copy.getContext('2d');
    pen.drawImage(canvas, 0, 0);
    const at = ([x, y]) => { const [a, b] = plane.screen(x, y), k = canvas.width / 900; return [...pen.getImageData(Math.round(a * k), Math.round(b * k), 1, 1).data]; };
    const found = { time: times.sort((a, b) => a - b)[4], alone: at([3, 3]), other: at([xy[2], xy[3]]), empty: at([2.5, 0]) };
    host.remove();
    return found;
}"""


def test_a_hundred_thousand_points_pan_smoothly(browser: Any, server: str) -> None:  # noqa: F811
    with Visit(browser, server) as visit:
        seen = visit.open().evaluate(FIELD, [100_000, None])
        assert seen["time"] < 500  # ms; 18 by benchmarks/map_scale.py on a quiet machine
        assert seen["alone"][:3] == [255, 0, 0] and seen["alone"][3] > 90, seen
        assert seen["other"][:3] == [0, 0, 255] and seen["other"][3] > 90, seen
        assert seen["empty"] == [0, 0, 0, 0]


def test_webgl_and_the_painter_show_the_same(browser: Any, server: str) -> None:  # noqa: F811
    with Visit(browser, server) as visit:
        page = visit.open()
        for card in (True, False):
            seen = page.evaluate(FIELD, [100, None, card])
            assert seen["alone"][:3] == [255, 0, 0] and seen["alone"][3] > 200, seen
            assert seen["other"][:3] == [0, 0, 255] and seen["empty"] == [0, 0, 0, 0], seen
            seen = page.evaluate(FIELD, [100, [0], card])  # all but one are filtered out
            assert seen["alone"][3] > 200 and seen["other"] == [0, 0, 0, 0], seen


CROSSED = """() => {
    // where the first sentence stands on the screen
    const { host, plane } = window.planes[0], box = host.getBoundingClientRect(), [x, y] = plane.screen(...window.at);
    return [box.left + x, box.top + y];
}"""


def test_sentences_are_drawn_named_and_asked(browser: Any, server: str) -> None:  # noqa: F811
    with Visit(browser, server) as visit:
        page = visit.page
        page.add_init_script(
            "addEventListener('ral:points', (event) => { window.planes = event.detail.planes; }, true);"
        )
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server}/?tab=map&map=pca&labels=off")
        page.wait_for_function("window.planes")
        assert not [url for url in asked if "sentences.json" in url]  # off by default, and not fetched
        page.get_by_role("button", name="sentences", exact=True).click()
        page.wait_for_url("**layer=sentences*")
        page.locator(".layer-list li").nth(6).wait_for()
        assert "7 sentences of the films on the map" in page.locator(".layer-list").inner_text()
        places = page.request.get(f"{server}/map/world-ral-tiny/pca/sentences.json").json()["sentences"]
        # a sentence may lie outside all films: look there
        page.evaluate(
            "(at) => { const { plane } = window.planes[0]; window.at = at; [plane.view.x, plane.view.y] = at; plane.view.zoom *= 0.5; plane.draw(); }",
            places[0]["at"],
        )
        page.wait_for_timeout(400)
        page.locator(".plane").first.scroll_into_view_if_needed()
        page.mouse.move(*page.evaluate(CROSSED))
        page.locator(".plane-card", has_text="click to search").wait_for()
        text = page.locator(".plane-card b").inner_text()
        page.mouse.click(*page.evaluate(CROSSED))
        page.wait_for_function("(text) => new URLSearchParams(location.search).get('q') === text", arg=text)
        page.locator(".map-data table").wait_for()
        page.get_by_role("button", name="whole map").click()
        page.locator('.layer-list [data-ask="a man number 3 kicks a red ball"]').click()
        page.wait_for_function("new URLSearchParams(location.search).get('q').includes('number 3')")
        page.get_by_role("button", name="sentences", exact=True).click()
        page.wait_for_function("!location.search.includes('layer')")
        assert not page.locator(".layer-list").is_visible()


def test_the_clips_of_a_film_are_a_way_with_a_table(browser: Any, server: str) -> None:  # noqa: F811
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=map&map=pca&layer=clips,sentences,nonsense&video=film-2")
        page.get_by_text("Places of the 4 clips of film film-2").click()
        assert page.locator(".layer-list tbody tr").count() == 4
        assert page.locator(".layer-list li").count() == 1  # of this film only
        page.get_by_role("button", name="of all films").click()
        page.locator(".layer-list li").nth(6).wait_for()
        page.get_by_text("Click a film: its clips").wait_for()
        page.goto(f"{server}/?tab=map&map=pca&layer=clips&video=nobody")
        page.get_by_text("There is no film 'nobody'").wait_for()
        for wrong in ("nothing/pca/clips.json?film=film-1", "world-tiny/tsne/sentences.json"):
            assert page.request.get(f"{server}/map/{wrong}").status == 404

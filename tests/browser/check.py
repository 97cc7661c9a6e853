"""Opens the page of `pickle du --html` in headless Chromium and looks at what it has drawn.

usage: check.py PICKLE [SCREENSHOT.png]
"""
import html.parser
import pathlib
import pickle
import re
import subprocess
import sys
import tempfile

VALUE = {
    "images": [bytes([n]) * 20_000 for n in range(5)],
    "rows": [{"id": n, "text": "x" * n} for n in range(300)],
    '</script><b id="hurt">"\u2028': b"z" * 30_000,
    "model": {"weights": {"layer 1": b"w" * 50_000, "layer2": b"v" * 25_000}},
}


class Tiles(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tiles, self.ids = {}, set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        if "data-path" in attributes:
            size = re.findall(r"(left|top|width|height): ?(-?[\d.]+)px", attributes["style"])
            self.tiles[attributes["data-path"]] = {name: float(value) for name, value in size}


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "value.pkl").write_bytes(pickle.dumps(VALUE, 5))
    page = folder / "value.html"
    subprocess.run([sys.argv[1], "du", folder / "value.pkl", "--html", page], check=True)
    chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,800",
                f"--user-data-dir={folder}/profile", "--virtual-time-budget=5000"]
    done = subprocess.run([*chromium, "--enable-logging=stderr", "--dump-dom", page.as_uri()], capture_output=True, text=True,
                          timeout=120, check=True)
    if len(sys.argv) > 2:
        subprocess.run([*chromium, f"--screenshot={pathlib.Path(sys.argv[2]).absolute()}", page.as_uri()], timeout=120, check=True)

errors = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
assert not errors, errors
found = Tiles()
found.feed(done.stdout)
tiles = found.tiles
assert "hurt" not in found.ids, "a key has become markup"
for path in ["$", "$.images", "$.images[*]", "$.rows", "$.model.weights", '$.model.weights["layer 1"]', "$.model.weights.layer2"]:
    assert path in tiles, (path, sorted(tiles))
assert any("</script>" in path for path in tiles), sorted(tiles)
for path, tile in tiles.items():
    inside = [tiles[other] for other in tiles if other != path and other.startswith(path) and other.count(".") == path.count(".") + 1]
    for child in inside:
        assert child["left"] >= 0 and child["left"] + child["width"] <= tile["width"] + 1, (path, tile, child)
        assert child["top"] >= 0 and child["top"] + child["height"] <= tile["height"] + 1, (path, tile, child)
area = lambda path: tiles[path]["width"] * tiles[path]["height"]
ratio = area('$.model.weights["layer 1"]') / area("$.model.weights.layer2")
assert 1.8 < ratio < 2.2, f"50 000 bytes are drawn {ratio} times as large as 25 000"
print(f"{len(tiles)} tiles, as large as their bytes")

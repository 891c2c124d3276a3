"""Pictures of the built book, to look at: `python tests/book/screenshots.py HTML_FOLDER OUT_FOLDER [PAGE...]`.

Each page in light, dark and at phone width (390 px), in strips of 1,500 px.
"""

import sys
from pathlib import Path

from dva.browser import open_browser

MODES = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (390, "light"), "phone-dark": (390, "dark")}
STRIP = 1500


def main(html: Path, out: Path, pages: list[str]) -> None:
    """Take the pictures of `pages` (paths below `html`; default: all)."""
    out.mkdir(parents=True, exist_ok=True)
    names = pages or [path.relative_to(html).as_posix() for path in sorted(html.rglob("*.html"))]
    with open_browser() as browser:
        for mode, (width, scheme) in MODES.items():
            context = browser.new_context(viewport={"width": width, "height": STRIP}, color_scheme=scheme)
            page = context.new_page()
            for name in names:
                page.goto((html / name).resolve().as_uri(), wait_until="networkidle")
                height = page.evaluate("document.documentElement.scrollHeight")
                for strip, top in enumerate(range(0, height, STRIP)):
                    page.evaluate(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
                    page.screenshot(path=out / f"{name.replace('/', '-').removesuffix('.html')}-{mode}-{strip}.png")
            context.close()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])

"""Write docs/hard-points.md, the list of all situations: `python -m tests.hard_points`."""

from tests.hard_points.page import PLACE, page

if __name__ == "__main__":
    PLACE.write_text(page(), "utf-8")
    print("written:", PLACE.name)

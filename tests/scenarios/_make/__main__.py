"""Everything below tests/scenarios that is generated, made anew: `python tests/scenarios/_make`."""

import sys
import tempfile
from pathlib import Path

import others
import others_scenarios
import retro
import retro_scenarios
import shop
import shop_scenarios
from history import parse_tree

BASES = {
    "retro": (retro.history, retro_scenarios.scenarios),
    "shop": (shop.history, shop_scenarios.scenarios),
    "briefing": (others.briefing, others_scenarios.briefing),
    "files": (others.files, others_scenarios.files),
    "seats": (others.seats, others_scenarios.seats),
}


def main() -> None:
    """Streams first, for the logs and scenarios name their commits."""
    here = Path(__file__).resolve().parent
    root = here.parent
    with tempfile.TemporaryDirectory() as scratch:
        for name, (repository, events) in BASES.items():
            history = repository(parse_tree((here / "trees" / f"{name}.tree").read_text(encoding="utf-8")))
            history.write(root / "_bases" / f"{name}.fi", Path(scratch))
            made = events(history)
            for scenario in made:
                scenario.write(root)
            print(f"{name}: {history.count} commits, {len(made)} scenarios")


if __name__ == "__main__":
    sys.exit(main())

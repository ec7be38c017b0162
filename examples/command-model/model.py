"""A model for epg-bench in Python: a line of JSON in, a line of JSON and raw RGB frames out."""

import json
import random
import sys


def sample(seed: int, label: int | None, side: int) -> bytes:
    """One image, rows of RGB bytes. A real model would run its network here, on the whole batch at once."""
    rng = random.Random(seed)
    paper, ink = rng.randbytes(3), rng.randbytes(3)
    size = side * rng.uniform(0.2, 0.4)
    x0, y0 = (rng.uniform(size, side - size) for _ in "xy")
    power = 1 + (label or 0) % 4  # 1: a diamond, 2: a disc, more: ever squarer
    inside = lambda x, y: abs(x - x0) ** power + abs(y - y0) ** power < size**power
    return b"".join(ink if inside(x, y) else paper for y in range(side) for x in range(side))


for line in sys.stdin:
    request = json.loads(line)
    images, side = request["images"], request["resolution"]
    print(f"{len(images)} images", file=sys.stderr)  # stdout is for answers alone
    sys.stdout.write(json.dumps({"frames": len(images), "calls": 1}) + "\n")
    sys.stdout.flush()
    for image in images:
        sys.stdout.buffer.write(sample(image["seed"], image["label"], side))
    sys.stdout.buffer.flush()

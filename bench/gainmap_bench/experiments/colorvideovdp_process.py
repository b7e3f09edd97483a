"""What ColorVideoVDP's own environment runs: it imports nothing of ours, and is imported by nothing of ours.

Argument: a folder with ``request.json`` and the renditions, as `gainmap_bench.experiments.colorvideovdp` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Write ``answer.json``: the metric's description of itself, and the JOD of each rendition."""
    import numpy as np
    import pycvvdp

    request = json.loads((folder / "request.json").read_text("utf-8"))
    display = request["display"]
    photometry = pycvvdp.vvdp_display_photo_eotf(
        display["peak_nits"],
        contrast=display["contrast"],
        source_colorspace=display["colorspace"],
        E_ambient=display["ambient_lux"],
    )
    photometry.short_name = display["name"]
    metric = pycvvdp.cvvdp(display_name=display["geometry"], display_photometry=photometry)
    reference = np.load(folder / "reference.npy")
    jods = []
    for index in range(request["tests"]):
        jod, _ = metric.predict(np.load(folder / f"test-{index}.npy"), reference, dim_order="HWC")
        jods.append(float(jod))
    answer = {"metric": metric.get_info_string().strip('"'), "jods": jods}
    (folder / "answer.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

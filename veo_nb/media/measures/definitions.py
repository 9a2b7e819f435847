"""The measures as data: how each is called, its unit, what it is, and which way is better. Loads nothing."""

from __future__ import annotations

from collections.abc import Mapping

from veo_nb.records.late import dataclass

VERSION = 1
"""Grows with every change after which a number comes out otherwise."""

Found = Mapping[str, float | None]
"""What was found of a clip, by the name of the measure; None where it can't be said."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One thing that a program says of a clip."""

    name: str
    label: str
    """As a person says it."""
    unit: str
    """What stands behind the number; empty for a count."""
    definition: str
    """What it is, and when it can't be said, in plain words."""
    higher: str
    """What a higher number means, as the end of "higher is"."""
    source: str
    """The standard or the paper that it follows."""
    more_is_better: bool = True
    """From which end clips are ranked. What moves more or is louder is not better: there it says which comes first."""
    digits: int = 0
    """Decimals that mean something."""


_ALL = (
    Measure(
        name="sharpness",
        label="Sharpness",
        unit="%",
        definition=(
            "How much of the fine detail is lost when each picture is blurred once more, at 540 lines whatever the clip "
            "has: 0 is all blur, 100 all edges. A picture without any detail can't be said."
        ),
        higher="sharper, or noisier: grain counts as detail",
        source="Crete, Dolmiere, Ladret, Nicolas: The blur effect (SPIE 6492, 2007), turned around",
    ),
    Measure(
        name="motion",
        label="Motion",
        unit="%/s",
        definition=(
            "How far the picture moves in a second, on average over the frame, as a share of the frame's diagonal. What "
            "has no detail counts as still, and scene cuts are left out. One picture alone can't be said."
        ),
        higher="more that moves, or moves faster",
        source="Lucas, Kanade (1981), on windows from coarse to fine: Bouguet (2000), Baker, Matthews (2004)",
        digits=1,
    ),
    Measure(
        name="flicker",
        label="Flicker",
        unit="%",
        definition=(
            "How much lighter or darker each picture is than the mean of the one before and the one after, in 16 parts "
            "of the frame: the modulation (max - min) / (max + min). A steady fade has none, and scene cuts are left "
            "out. Less than three pictures can't be said."
        ),
        higher="light that is less steady",
        source="percent flicker of the IES Lighting Handbook, of each three pictures",
        more_is_better=False,
        digits=2,
    ),
    Measure(
        name="cuts",
        label="Scene cuts",
        unit="",
        definition=(
            "How often the picture is another one all at once, and stays so. A dissolve, a flash and a fast pan are "
            "none. One picture alone can't be said."
        ),
        higher="more shots",
        source="a threshold that adapts to the pictures around it, as PySceneDetect's adaptive detector has",
        more_is_better=False,
    ),
    Measure(
        name="loudness",
        label="Loudness",
        unit="LUFS",
        definition=(
            "The programme loudness of the whole sound, as broadcasters measure it: -23 is television, -14 what players "
            "on the web play at. Without sound, with less than 0.4 s of it or below -70 LUFS it can't be said."
        ),
        higher="louder",
        source="ITU-R BS.1770-4, EBU R 128",
        digits=1,
    ),
    Measure(
        name="silence",
        label="Silence",
        unit="%",
        definition=(
            "The share of the clip's length in which nothing is to be heard: tenths of a second in which every channel is "
            "below -60 dB of full scale, or there is no sound any more. A clip without a sound track can't be said."
        ),
        higher="less to be heard",
        source="the level at which FFmpeg's silencedetect begins",
        more_is_better=False,
    ),
    Measure(
        name="clipping",
        label="Clipping",
        unit="%",
        definition=(
            "The share of the samples of sound that stand at full scale, three or more in a row, in any channel: there "
            "the wave is cut off, and it rasps. A clip without a sound track can't be said."
        ),
        higher="more distorted",
        source="runs at full scale of a 16 bit sample, as sound editors look for them",
        more_is_better=False,
        digits=3,
    ),
    Measure(
        name="steadiness",
        label="Steadiness",
        unit="%",
        definition=(
            "How like its first picture the clip stays, on average over its length: 100 is the same picture all the time. "
            "It sees layout and colours, small, and not what is in the picture. One picture alone can't be said."
        ),
        higher="less that changes",
        source="SSIM: Wang, Bovik, Sheikh, Simoncelli (IEEE TIP 13, 2004), at 36 lines",
    ),
    Measure(
        name="likeness",
        label="Likeness",
        unit="%",
        definition=(
            "How like the picture that was given the clip gets where it is most like it: its first frame, or the mean "
            "over the references. It sees layout and colours, small, and not who it is. Without a picture it can't be "
            "said."
        ),
        higher="more like the picture that was given",
        source="SSIM: Wang, Bovik, Sheikh, Simoncelli (IEEE TIP 13, 2004), at 36 lines",
    ),
)

MEASURES: Mapping[str, Measure] = {one.name: one for one in _ALL}
"""By name, in the order in which they are shown."""


def shown(name: str, value: float | None) -> str:
    """A value as a person reads it: `12.4 %/s`, `-23.0 LUFS`; a dash where it can't be said."""
    if value is None:
        return "–"
    measure = MEASURES[name]
    # Never `-0.0`.
    number = f"{round(value, measure.digits) + 0.0:.{measure.digits}f}"
    return f"{number} {measure.unit}".rstrip()

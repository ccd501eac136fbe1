"""A phone photo of somebody who wears a tee with the demo's print: `python -m demo.shirt_photo` writes it.

The picture is drawn: outlines, heights and seeded noise, so it owes nothing to anybody and is the same on
every run. Because the print is laid on by this script, its true alpha after folds, tilt and perspective is
known exactly. Lengths are pixels of the 1536 x 2048 photo; shapes and light are worked out at half that size.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from demo.artwork import artwork
from products.garments.relief import (
    Crease,
    FloatImage,
    Points,
    blurred,
    cloud,
    crease_relief,
    filled,
    inflated,
    lit,
    resampled,
    spline,
    stroked,
    wrinkles,
)

WIDTH_PX, HEIGHT_PX = 1536, 2048
SHAPE = (HEIGHT_PX, WIDTH_PX)
WORK_SCALE = 0.5
WORK_SHAPE = (HEIGHT_PX // 2, WIDTH_PX // 2)
PRINT_SIDE_PX = 668
PRINT_CENTRE_PX = (768.0, 1010.0)
SEED = 20250
JPEG_QUALITY = 88
EXIF_ORIENTATION_TAG = 0x0112
PHOTO_PATH = Path(__file__).parent / "shirt-photo.jpg"

Outline = tuple[tuple[float, float], ...]
Light = tuple[float, float, float]
ColourImage = npt.NDArray[np.float32]

WINDOW_LIGHT = (-0.72, -0.42, 0.62)
CLOTH_COLOUR = (45, 58, 84)
SKIN_COLOUR = (214, 160, 130)
DENIM_COLOUR = (52, 56, 66)

TORSO: Outline = (
    (585, 338), (440, 384), (322, 442), (322, 442), (286, 560), (274, 700), (288, 850), (288, 850),
    (298, 1000), (303, 1200), (296, 1420), (284, 1640), (266, 1850), (266, 1850), (400, 1890), (768, 1922),
    (1130, 1898), (1274, 1856), (1274, 1856), (1262, 1640), (1248, 1420), (1240, 1200), (1246, 1000),
    (1254, 860), (1254, 860), (1268, 700), (1254, 560), (1212, 440), (1212, 440), (1090, 382), (950, 338),
    (768, 300),
)  # fmt: skip
NECK_HOLE: Outline = ((600, 250), (596, 345), (636, 430), (768, 488), (900, 430), (940, 345), (936, 250))
SLEEVES: tuple[Outline, ...] = (
    (
        (322, 443), (322, 443), (250, 492), (196, 590), (146, 760), (100, 950), (100, 950), (180, 998),
        (284, 992), (284, 992), (300, 880), (330, 800), (380, 600),
    ),
    (
        (1212, 441), (1212, 441), (1284, 490), (1342, 596), (1390, 770), (1434, 965), (1434, 965),
        (1360, 1002), (1262, 990), (1262, 990), (1244, 880), (1210, 800), (1160, 600),
    ),
)  # fmt: skip
ARMS: tuple[Outline, ...] = (
    (
        (130, 850), (112, 1050), (86, 1200), (66, 1340), (92, 1450), (190, 1570), (340, 1700), (340, 1700),
        (340, 1520), (258, 1400), (232, 1320), (246, 1200), (266, 1050), (270, 850),
    ),
    (
        (1275, 850), (1282, 1100), (1296, 1350), (1316, 1600), (1340, 1850), (1352, 2150), (1466, 2150),
        (1474, 1900), (1496, 1650), (1492, 1400), (1458, 1150), (1424, 850),
    ),
)  # fmt: skip
NECK: Outline = (
    (640, -60), (648, 120), (646, 230), (600, 320), (540, 380), (620, 560), (768, 600), (920, 560),
    (1000, 380), (938, 320), (892, 230), (890, 120), (896, -60),
)  # fmt: skip
JAW: Outline = ((566, -160), (580, -30), (640, 62), (768, 118), (896, 62), (956, -30), (970, -160))
BACK_OF_COLLAR: Outline = (
    (596, 350), (650, 318), (768, 308), (890, 318), (940, 350), (900, 460), (640, 460),
)  # fmt: skip
CHEST: Outline = ((420, 620), (620, 560), (920, 560), (1120, 620), (1080, 960), (460, 960))
JEANS: Outline = (
    (292, 1780), (292, 1780), (274, 2150), (274, 2150), (1270, 2150), (1270, 2150), (1248, 1780),
    (1248, 1780),
)  # fmt: skip

CREASES = (
    Crease(((296, 812), (400, 770), (520, 800)), 16, 18, 44, 0.25),
    Crease(((292, 870), (420, 892), (580, 990)), 20, 44, 20, 0.2),
    Crease(((296, 950), (390, 1030), (470, 1180)), 16, 40, 22, 0.2),
    Crease(((1250, 820), (1140, 760), (1010, 790)), 17, 42, 18, 0.25),
    Crease(((1250, 880), (1120, 900), (960, 1010)), 20, 20, 46, 0.2),
    Crease(((1246, 960), (1170, 1050), (1090, 1240)), 15, 20, 40, 0.2),
    Crease(((470, 920), (440, 1150), (480, 1400), (430, 1760)), 15, 70, 34, 0.5),
    Crease(((1050, 980), (1090, 1200), (1040, 1480), (1100, 1800)), 16, 36, 72, 0.5),
    Crease(((700, 1240), (680, 1450), (720, 1700), (690, 1900)), 9, 50, 80, 0.6),
    Crease(((900, 1300), (880, 1500), (930, 1720), (900, 1900)), 9, 40, 76, 0.6),
    Crease(((296, 1290), (420, 1338), (580, 1300)), 17, 38, 20, 0.25),
    Crease(((290, 1420), (450, 1462), (640, 1400)), 17, 40, 22, 0.3),
    Crease(((1246, 1260), (1120, 1330), (960, 1310)), 16, 22, 42, 0.25),
    Crease(((1250, 1390), (1080, 1450), (880, 1420)), 18, 22, 44, 0.3),
    Crease(((284, 1560), (480, 1610), (720, 1570), (900, 1600)), 13, 46, 26, 0.3),
    Crease(((1256, 1550), (1080, 1640), (860, 1690)), 16, 26, 48, 0.25),
    Crease(((272, 1720), (420, 1742), (600, 1690)), 13, 40, 24, 0.25),
    Crease(((340, 480), (450, 512), (590, 540)), 7, 24, 40, 0.3),
    Crease(((1200, 480), (1090, 516), (950, 545)), 8, 40, 24, 0.3),
    Crease(((590, 450), (640, 560), (760, 640)), 7, 36, 22, 0.3),
    Crease(((940, 450), (900, 570), (800, 650)), 7, 22, 36, 0.3),
    Crease(((500, 1900), (512, 1790), (486, 1660)), 9, 30, 42, 0.25),
    Crease(((1000, 1905), (990, 1800), (1020, 1690)), 9, 42, 30, 0.25),
)
SLEEVE_CREASES = (
    Crease(((300, 830), (230, 800), (170, 730)), 13, 24, 14, 0.3),
    Crease(((298, 900), (220, 890), (130, 850)), 15, 28, 15, 0.35),
    Crease(((300, 760), (260, 700), (240, 600)), 11, 30, 18, 0.35),
    Crease(((1240, 840), (1310, 800), (1370, 730)), 13, 14, 24, 0.3),
    Crease(((1240, 910), (1320, 900), (1410, 860)), 15, 15, 28, 0.35),
    Crease(((1236, 770), (1280, 700), (1300, 600)), 11, 18, 30, 0.35),
)
# What shapes the skin: the two tendons of the neck, the collar bones, the hollow between them, elbow and
# forearm.
BONES_AND_MUSCLES = (
    Crease(((672, 130), (700, 260), (742, 400), (750, 450)), 13, 24, 34, 0.6),
    Crease(((872, 130), (838, 260), (796, 400), (788, 450)), 13, 34, 24, 0.6),
    Crease(((560, 392), (640, 410), (744, 446)), 12, 16, 26, 0.6),
    Crease(((980, 392), (900, 410), (794, 446)), 12, 26, 16, 0.6),
    Crease(((768, 410), (768, 440), (768, 478)), -12, 22, 22, 0.5),
    Crease(((768, 180), (766, 250), (768, 320)), 7, 26, 26, 0.5),
    Crease(((112, 1300), (150, 1360), (214, 1420)), 9, 34, 22, 0.5),
    Crease(((230, 1290), (190, 1320), (150, 1330)), -7, 14, 18, 0.2),
    Crease(((1400, 1180), (1420, 1330), (1416, 1500)), 10, 40, 30, 0.5),
    Crease(((1300, 1330), (1340, 1350), (1390, 1346)), -6, 14, 18, 0.3),
)


def _work_outline(outline: Outline) -> Points:
    return spline([(x * WORK_SCALE, y * WORK_SCALE) for x, y in outline], closed=True)


def _work_mask(outline: Outline) -> FloatImage:
    return filled(_work_outline(outline), WORK_SHAPE)


def _linear(colour: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    return ((np.asarray(colour, dtype=np.float32) / np.float32(255)) ** np.float32(2.2)).astype(np.float32)


def _painted(scene: ColourImage, colour: ColourImage, coverage: FloatImage) -> ColourImage:
    return scene + (colour - scene) * coverage[..., None]


def _shadow(mask: FloatImage, sigma_px: float, shift_px: tuple[float, float], depth: float) -> FloatImage:
    """How much light is left beside something that stands in the way of it."""
    moved: FloatImage = ndimage.shift(blurred(mask, sigma_px), shift_px, order=1, mode="nearest")
    return 1 - np.float32(depth) * moved


def _room(generator: np.random.Generator) -> ColourImage:
    """A living room far out of focus, with a window at the left; linear light at work size."""
    rows, columns = np.mgrid[0 : WORK_SHAPE[0], 0 : WORK_SHAPE[1]].astype(np.float32)
    wall = np.exp(-((columns / 620) ** 2)) * 0.34 + 0.24 - rows / 9000
    room = wall[..., None] * np.asarray((1.0, 0.93, 0.84), dtype=np.float32)

    def block(left: float, top: float, right: float, bottom: float, light: Light) -> None:
        room[int(top) : int(bottom), max(0, int(left)) : int(right)] = light

    block(0, 60, 215, 560, (1.25, 1.33, 1.42))
    room[320:560, 0:215] *= np.linspace(1, 0.62, 240, dtype=np.float32)[:, None, None]
    block(96, 60, 108, 560, (0.5, 0.48, 0.45))
    block(0, 300, 215, 312, (0.5, 0.48, 0.45))
    block(215, 30, 250, 700, (0.62, 0.56, 0.47))
    block(560, 90, 768, 620, (0.13, 0.085, 0.05))
    for shelf, top in enumerate((110, 240, 370, 500)):
        left = 572.0
        while left < 760:
            width = float(generator.uniform(10, 30))
            red = float(generator.uniform(0.06, 0.34))
            green, blue = red * generator.uniform((0.55, 0.4), (1.0, 1.05))
            block(left, top + generator.uniform(8, 40), left + width, top + 104, (red, green, blue))
            left += width + (40 if generator.random() < 0.14 + 0.02 * shelf else 2)
    block(0, 740, 768, 1024, (0.16, 0.11, 0.08))
    block(430, 640, 768, 900, (0.16, 0.19, 0.16))
    block(0, 690, 200, 860, (0.26, 0.2, 0.14))
    return np.stack([blurred(room[..., channel], 13) for channel in range(3)], axis=-1)


def _skin(
    scene: ColourImage, outline: Outline, radius_px: float, light_left: FloatImage, form: FloatImage
) -> ColourImage:
    """Paint a limb: a rounded outline with `form`, the height of what lies under the skin, on top."""
    mask = _work_mask(outline)
    shade = lit(inflated(mask, radius_px) + form, WINDOW_LIGHT, wrap=0.35) * light_left
    warm = np.stack([shade**0.9, shade**1.12, shade**1.25], axis=-1).astype(np.float32)
    return _painted(scene, _linear(SKIN_COLOUR) * (np.float32(0.1) + np.float32(1.15) * warm), mask)


def _body(scene: ColourImage, cloth: FloatImage, generator: np.random.Generator) -> ColourImage:
    """Neck, jaw, arms and trousers, darkened where the shirt (coverage `cloth`) keeps the light away."""
    under_cloth = _shadow(cloth, 16, (14, 6), 0.55)
    back_of_collar = _work_mask(BACK_OF_COLLAR)
    scene = _painted(scene, _linear(CLOTH_COLOUR) * np.float32(0.35), back_of_collar)
    jeans = _work_mask(JEANS)
    denim = lit(inflated(jeans, 150), WINDOW_LIGHT) * _shadow(cloth, 14, (16, 0), 0.85)
    scene = _painted(scene, _linear(DENIM_COLOUR) * (0.15 + denim[..., None]), jeans)
    form = blurred(crease_relief([crease.scaled(WORK_SCALE) for crease in BONES_AND_MUSCLES], WORK_SHAPE), 3)
    form = form + 0.5 * cloud(WORK_SHAPE, (46, 30), generator) + 0.05 * cloud(WORK_SHAPE, (4, 4), generator)
    for arm in ARMS:
        scene = _skin(scene, arm, 42, under_cloth, form)
    jaw_shadow = _shadow(_work_mask(JAW), 14, (34, 14), 0.62)
    neck_light = jaw_shadow * _shadow(cloth, 9, (4, 3), 0.3)
    scene = _skin(scene, NECK, 76, neck_light, form)
    return _skin(scene, JAW, 90, np.ones(WORK_SHAPE, np.float32), 0 * form)


def _fold_height(generator: np.random.Generator) -> FloatImage:
    strewn = wrinkles(generator, 60, (320, 500, 1220, 1850), 4.2, lean_rad=0.4)
    creases = [crease.scaled(WORK_SCALE) for crease in (*CREASES, *strewn)]
    relief = 1.5 * blurred(crease_relief(creases, WORK_SHAPE), 1.6)
    slack = cloud(WORK_SHAPE, (120, 70), generator) * 3.4 + cloud(WORK_SHAPE, (44, 30), generator) * 0.7
    return relief + slack


def _collar(shade: FloatImage, hole: FloatImage) -> FloatImage:
    """The rib round the neck: a raised band with fine ribs across it, and the seam below."""
    distance_px = ndimage.distance_transform_edt(hole < 0.5).astype(np.float32)
    rows, columns = np.mgrid[0 : WORK_SHAPE[0], 0 : WORK_SHAPE[1]].astype(np.float32)
    angle = np.arctan2(rows - 150, columns - WORK_SHAPE[1] / 2)
    band_px = 19.0
    band = np.clip(band_px - distance_px, 0, 1) * (rows < 280)
    profile = 1 - ((distance_px - band_px / 2) / (band_px / 2)) ** 2
    ribs = 0.05 * np.sin(angle * 300)
    rib_shade = shade * (0.86 + 0.18 * np.clip(profile, 0, 1) + ribs)
    seam = np.exp(-(((distance_px - band_px - 1.5) / 1.6) ** 2)) * (rows < 280)
    result: FloatImage = shade * (1 - 0.4 * seam) * (1 - band) + rib_shade * band
    return result


def _stitched(shade: FloatImage, curve: Points, *, width_px: float, depth: float) -> FloatImage:
    thread = blurred(stroked(curve, width_px, WORK_SHAPE), 0.7)
    return shade * (1 - np.float32(depth) * thread)


def _beyond_hem(outline: Outline, hem_px: float) -> Outline:
    """The outline drawn out below its hem, where cloth ends flat and does not curl in."""
    return tuple((x, y + 200) if y > hem_px else (x, y) for x, y in outline)


def _sleeve_light(outline: Outline, folds: FloatImage, light_left: FloatImage) -> FloatImage:
    """Light on one sleeve, with the stitches of its hem."""
    cushion = inflated(_work_mask(_beyond_hem(outline, 940)), 62)
    shade = lit(cushion + folds, WINDOW_LIGHT, wrap=0.3) * light_left
    hem = [(x * WORK_SCALE, (y - 22) * WORK_SCALE) for x, y in outline if y > 940]
    return _stitched(shade, spline(hem), width_px=1.6, depth=0.35)


def _torso_light(folds: FloatImage, hole: FloatImage) -> FloatImage:
    """Light on the body of the shirt, with its collar, armhole seams and hem."""
    body = blurred(inflated(_work_mask(_beyond_hem(TORSO, 1800)), 150), 8)
    chest = blurred(_work_mask(CHEST), 55) * 16
    shade = lit(body + chest + folds, WINDOW_LIGHT, wrap=0.3)
    hollow = np.clip(ndimage.laplace(blurred(folds, 3)) * 6, 0, 1)
    shade = _collar(shade * (1 - 0.35 * hollow), hole)
    hem = spline([(x * WORK_SCALE, (y - 34) * WORK_SCALE) for x, y in TORSO[13:18]])
    shade = _stitched(shade, hem, width_px=1.2, depth=0.35)
    shade = _stitched(shade, hem + (0.0, 4.0), width_px=1.0, depth=0.3)
    for start, end in ((3, 7), (25, 29)):
        seam = spline([(x * WORK_SCALE, y * WORK_SCALE) for x, y in TORSO[start:end]])
        shade = _stitched(shade, seam, width_px=2.2, depth=0.45)
    return shade


def _shirt_light(generator: np.random.Generator) -> tuple[FloatImage, FloatImage, FloatImage]:
    """(light on the shirt, its coverage, height of its folds), all at work size."""
    hole = _work_mask(NECK_HOLE)
    torso = _work_mask(TORSO) * (1 - hole)
    folds = _fold_height(generator)
    light, coverage = np.zeros(WORK_SHAPE, np.float32), np.zeros(WORK_SHAPE, np.float32)
    sleeve_creases = crease_relief([crease.scaled(WORK_SCALE) for crease in SLEEVE_CREASES], WORK_SHAPE)
    sleeve_folds = blurred(sleeve_creases, 1.5) + np.float32(0.4) * folds
    beside_torso = np.maximum(_shadow(torso, 12, (6, 5), 0.5), np.float32(0.55))
    for outline in SLEEVES:
        sleeve = _work_mask(outline)
        light = light * (1 - sleeve) + _sleeve_light(outline, sleeve_folds, beside_torso) * sleeve
        coverage = np.maximum(coverage, sleeve)
    light = light * (1 - torso) + _torso_light(folds, hole) * torso
    coverage = np.maximum(coverage, torso)
    # Carried past the outline: the crisp edge drawn at full size must not pick up darkness from outside.
    carried = blurred(light * coverage, 2) / np.maximum(blurred(coverage, 2), 1e-3)
    return np.where(coverage > 0.98, light, carried), coverage, folds


def _crisp_coverage() -> FloatImage:
    """Where the shirt is, at full size."""
    coverage = np.zeros(SHAPE, np.float32)
    for outline in SLEEVES:
        coverage = np.maximum(coverage, filled(spline(outline, closed=True), SHAPE))
    hole = filled(spline(NECK_HOLE, closed=True), SHAPE)
    torso = filled(spline(TORSO, closed=True), SHAPE) * (1 - hole)
    return blurred(np.maximum(coverage * (1 - hole), torso), 0.8)


def _knit(generator: np.random.Generator) -> FloatImage:
    """Heather jersey at full size: fine grain, with lighter fibres; mean 1."""
    grain = blurred(generator.standard_normal(SHAPE).astype(np.float32), (0.9, 0.6))
    fibres = blurred(generator.standard_normal(SHAPE).astype(np.float32), (0.8, 3.2))
    knit: FloatImage = (1 + 0.10 * grain / grain.std() + 0.075 * fibres / fibres.std()).astype(np.float32)
    return knit


def _print_layer(folds: FloatImage) -> tuple[ColourImage, FloatImage]:
    """The print at full size, bent by the folds beneath it: (linear colour, alpha 0 to 1)."""
    flat = Image.new("RGBA", (WIDTH_PX, HEIGHT_PX), (0, 0, 0, 0))
    corner = (round(PRINT_CENTRE_PX[0] - PRINT_SIDE_PX / 2), round(PRINT_CENTRE_PX[1] - PRINT_SIDE_PX / 2))
    flat.paste(artwork(PRINT_SIDE_PX), corner)
    premultiplied = np.asarray(flat, dtype=np.float32) / np.float32(255)
    premultiplied[..., :3] = premultiplied[..., :3] ** np.float32(2.2) * premultiplied[..., 3:]
    slopes = np.asarray(np.gradient(blurred(folds, 9)), dtype=np.float32)
    down, across = resampled(slopes[0], SHAPE), resampled(slopes[1], SHAPE)
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    bulge = ((columns - WIDTH_PX / 2) / 500) ** 3 * 9
    places = [rows + 24 * down, columns + 24 * across + bulge]
    layers = np.moveaxis(premultiplied, -1, 0)
    bent = [ndimage.map_coordinates(layer, places, order=1, mode="constant") for layer in layers]
    alpha = np.clip(bent[3], 0, 1)
    colour = np.stack(bent[:3], axis=-1) / np.maximum(alpha, 1e-4)[..., None]
    return colour.astype(np.float32), alpha.astype(np.float32)


def _held_by_hand(picture: Image.Image) -> Image.Image:
    """The picture as a phone sees it that is tilted by 2.4 degrees and a little too low."""
    middle_x, middle_y, turn, part = WIDTH_PX / 2, HEIGHT_PX / 2, np.deg2rad(2.4), 0.922
    across, down = part * np.cos(turn), part * np.sin(turn)
    to_middle = np.array([[1, 0, -middle_x], [0, 1, -middle_y], [0, 0, 1]])
    tilt = np.array([[across, -down, 0], [down, across, 0], [0, 0.02 / middle_y, 1]])
    back = np.array([[1, 0, middle_x], [0, 1, middle_y], [0, 0, 1]])
    view = back @ tilt @ to_middle
    numbers = tuple((view / view[2, 2]).ravel()[:8].tolist())
    return picture.transform(picture.size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)


def _developed(scene: ColourImage) -> ColourImage:
    """Linear light to display values 0 to 255, with the soft shoulder of a camera."""
    exposed = scene * 1.25
    toned = exposed * (1 + exposed / 6) / (1 + exposed * 0.42)
    return (np.clip(toned, 0, 1) ** (1 / 2.2) * 255).astype(np.float32)


def _camera(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Lens blur, vignette and sensor noise."""
    values = np.asarray(picture, dtype=np.float32)
    values = np.stack([blurred(values[..., channel], 0.75) for channel in range(3)], axis=-1)
    rows, columns = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j].astype(np.float32)
    values = values * (1 - 0.13 * (rows**2 + columns**2) / 2)[..., None] * np.float32(1.02)
    grain = blurred(generator.standard_normal(SHAPE).astype(np.float32), 0.6)
    tint = generator.standard_normal((*SHAPE, 3)).astype(np.float32)
    values = values + 3.2 * grain[..., None] + 1.5 * tint
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8), "RGB")


def shirt_photo() -> tuple[Image.Image, Image.Image]:
    """The photo (RGB, 1536 x 2048) and the true alpha of the print in it (L, the same size)."""
    generator = np.random.default_rng(SEED)
    light, coverage, folds = _shirt_light(generator)
    scene = _body(_room(generator), coverage, generator)
    scene = np.stack([resampled(scene[..., channel], SHAPE) for channel in range(3)], axis=-1)
    light_full, coverage_full = np.clip(resampled(light, SHAPE), 0, 1), _crisp_coverage()
    knit = _knit(generator)
    ink, alpha = _print_layer(folds)
    alpha = alpha * coverage_full
    across = np.linspace(1.12, 0.84, WIDTH_PX, dtype=np.float32)
    brightness = ((0.1 + 1.45 * light_full**1.5) * across)[..., None]
    cloth = _linear(CLOTH_COLOUR) * knit[..., None]
    printed = cloth + (ink * (0.6 + 0.4 * knit[..., None]) * 0.82 - cloth) * alpha[..., None]
    scene = _painted(scene, printed * brightness, coverage_full)
    picture = Image.fromarray(np.rint(_developed(scene)).astype(np.uint8), "RGB")
    truth = Image.fromarray(np.rint(alpha * 255).astype(np.uint8), "L")
    return _camera(_held_by_hand(picture), generator), _held_by_hand(truth)


def main() -> None:
    photo, _ = shirt_photo()
    exif = Image.Exif()
    exif[EXIF_ORIENTATION_TAG] = 1
    photo.save(PHOTO_PATH, quality=JPEG_QUALITY, subsampling="4:2:0", optimize=True, exif=exif)


if __name__ == "__main__":
    main()

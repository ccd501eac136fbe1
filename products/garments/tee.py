"""The tee on its 600 x 600 stage, from the front and from the back.  [pure]

The storefront lets a customer drag artwork within x 103-493, y 100-550, which is 14 inches wide. The body
spans x 88-512, so that area lies on cloth; the front collar seam is lowest at y 78, 0.8 in above it.
"""

import numpy as np
from PIL import Image

from products.garments.canvas import Outline, Sheet, mirrored
from products.garments.relief import Crease, FloatImage, wrinkles

STAGE_PX = 600.0

NECK_POINT = (214.0, 15.0)
SHOULDER_POINT = (106.0, 53.0)
LEFT_SIDE: Outline = (
    NECK_POINT, NECK_POINT, (160, 36), SHOULDER_POINT, SHOULDER_POINT, (93, 100), (86, 150), (87, 190),
    (87, 190), (88, 260), (88.5, 350), (88, 460), (86, 568), (86, 568),
)  # fmt: skip
LEFT_SLEEVE: Outline = (
    (150, 52), (150, 52), (106, 53.5), (78, 76), (54, 112), (32, 164), (9, 232), (9, 232), (46, 250),
    (80, 257), (80, 257), (86, 222), (100, 180), (130, 130),
)  # fmt: skip
FRONT_NECK_INNER: Outline = (NECK_POINT, (232, 38), (262, 53), (300, 58), (338, 53), (368, 38), (386, 15))
FRONT_NECK_SEAM: Outline = (
    (193, 23), (214, 53), (252, 73), (300, 79), (348, 73), (386, 53), (407, 23),
)  # fmt: skip
INSIDE: Outline = (
    (216, 17), (216, 17), (260, 18), (300, 18.5), (340, 18), (384, 17), (384, 17), (374, 48), (340, 68),
    (300, 74), (260, 68), (226, 48),
)  # fmt: skip
BACK_NECK_INNER: Outline = (NECK_POINT, (240, 22), (270, 27), (300, 29), (330, 27), (360, 22), (386, 15))
BACK_NECK_SEAM: Outline = ((197, 22), (226, 40), (262, 48), (300, 51), (338, 48), (374, 40), (403, 22))

LEFT_CREASES = (
    Crease(((88, 186), (128, 176), (186, 186), (226, 204)), 3.0, 9, 18, 0.2),
    Crease(((90, 196), (140, 208), (200, 250), (238, 300)), 3.8, 19, 10, 0.2),
    Crease(((92, 214), (126, 252), (150, 320), (154, 380)), 3.2, 18, 10, 0.25),
    Crease(((160, 250), (148, 340), (160, 440), (146, 590)), 4.6, 34, 17, 0.6),
    Crease(((236, 300), (226, 400), (242, 500), (232, 600)), 3.6, 24, 36, 0.7),
    Crease(((92, 322), (150, 346), (236, 338)), 2.2, 18, 10, 0.3),
    Crease(((92, 446), (150, 470), (250, 452)), 1.9, 18, 11, 0.3),
    Crease(((116, 66), (150, 94), (206, 112)), 1.5, 11, 20, 0.35),
    Crease(((126, 600), (130, 545), (120, 480)), 2.4, 13, 20, 0.25),
    Crease(((200, 600), (196, 545), (206, 470)), 2.2, 18, 13, 0.25),
)
RIGHT_CREASES = (
    Crease(((512, 190), (466, 182), (400, 200)), 3.2, 19, 9, 0.2),
    Crease(((510, 200), (456, 218), (404, 270), (374, 330)), 4.0, 10, 21, 0.2),
    Crease(((508, 228), (474, 276), (456, 350), (460, 420)), 2.8, 10, 19, 0.25),
    Crease(((432, 262), (450, 352), (430, 452), (462, 596)), 4.4, 18, 36, 0.55),
    Crease(((352, 280), (370, 390), (352, 490), (370, 600)), 3.4, 38, 24, 0.65),
    Crease(((508, 362), (446, 396), (366, 380)), 2.2, 10, 18, 0.3),
    Crease(((508, 486), (436, 506), (350, 486)), 1.9, 11, 18, 0.3),
    Crease(((484, 66), (448, 98), (392, 116)), 1.6, 20, 11, 0.35),
    Crease(((470, 600), (462, 540), (474, 470)), 2.4, 20, 13, 0.25),
    Crease(((402, 600), (404, 548), (392, 480)), 2.0, 13, 18, 0.25),
)
SLEEVE_CREASES = (
    Crease(((100, 190), (78, 178), (46, 142)), 3.4, 13, 8, 0.25),
    Crease(((98, 216), (70, 214), (30, 186)), 3.0, 14, 9, 0.25),
    Crease(((100, 162), (86, 134), (82, 90)), 2.8, 14, 9, 0.35),
    Crease(((50, 270), (50, 232), (58, 196)), 2.2, 10, 15, 0.25),
)
RIGHT_SLEEVE_CREASES = (
    Crease(((500, 186), (526, 170), (552, 130)), 3.4, 8, 13, 0.25),
    Crease(((502, 220), (534, 222), (572, 200)), 3.0, 9, 14, 0.25),
    Crease(((498, 156), (512, 126), (510, 84)), 2.6, 9, 15, 0.35),
    Crease(((548, 270), (546, 228), (534, 190)), 2.2, 15, 10, 0.25),
)


def _body_outline(neck: Outline) -> list[tuple[float, float]]:
    hem: Outline = ((200, 576), (300, 578), (400, 576))
    right = mirrored(LEFT_SIDE, STAGE_PX)
    return [*LEFT_SIDE, *hem, *right, *[(x, y) for x, y in reversed(neck)][1:-1]]


def _lay_sleeves(sheet: Sheet) -> None:
    for outline, creases in (
        (LEFT_SLEEVE, SLEEVE_CREASES),
        (mirrored(LEFT_SLEEVE, STAGE_PX), RIGHT_SLEEVE_CREASES),
    ):
        sleeve = sheet.mask(outline)
        folds = sheet.folds(creases, slack=0.5)
        longer = sheet.mask([(x + (x - 300) * 0.12, y + 60) if y > 225 else (x, y) for x, y in outline])
        sheet.lay(sleeve, sheet.shaded(longer, 30, folds))
    left_hem: Outline = ((0, 212), (50, 233), (96, 242))
    for row in (0.0, 3.6):
        for hem in (left_hem, mirrored(left_hem, STAGE_PX)):
            sheet.stitches([(x, y + row) for x, y in hem], within=sheet.shape)


def _lay_body(sheet: Sheet, neck: Outline, creases: list[Crease]) -> FloatImage:
    body = sheet.mask(_body_outline(neck))
    longer = sheet.mask([(x, y + 90) if y > 560 else (x, y) for x, y in _body_outline(neck)])
    strewn = wrinkles(sheet.generator, 26, (110, 120, 490, 560), 1.1, lean_rad=1.15)
    folds = sheet.folds([*creases, *strewn], slack=0.5)
    sheet.lay(body, sheet.shaded(longer, 52, folds), shadow=0.5, reach_px=6)
    armhole: Outline = LEFT_SIDE[4:8]
    for seam in (armhole, mirrored(armhole, STAGE_PX)):
        sheet.seam(seam, width_px=1.3, depth=0.3)
    for row in (553.0, 556.6):
        sheet.stitches(((86, row), (200, row + 6), (300, row + 8), (400, row + 6), (514, row)), within=body)
    return folds


def _lay_inside(sheet: Sheet) -> None:
    """What one sees through the neck from the front: the inside of the back, its rib and its tape."""
    inside = sheet.mask(INSIDE)
    rows = np.linspace(0, 1, sheet.shape_px[0], dtype=np.float32)[:, None] * STAGE_PX
    depth = np.clip((rows - 16) / 46, 0, 1)
    gloom = np.broadcast_to(0.72 - 0.22 * depth, sheet.shape_px).astype(np.float32)
    sheet.lay(inside, gloom)
    flat = np.zeros(sheet.half_px, np.float32)
    top: Outline = ((216, 17), (250, 18), (300, 18.5), (350, 18), (384, 17))
    bottom: Outline = ((216, 22), (250, 35), (300, 39), (350, 35), (384, 22))
    sheet.rib(top, bottom, spacing_px=2.3, folds=flat, shadow=0.2, brightness=0.8)
    tape: Outline = ((222, 31), (250, 40.5), (300, 44.5), (350, 40.5), (378, 31))
    sheet.seam(bottom, width_px=1.2, depth=0.35)
    sheet.stitches(tape, depth=0.25)


def _front() -> Sheet:
    sheet = Sheet(STAGE_PX, STAGE_PX, seed=11)
    _lay_sleeves(sheet)
    _lay_inside(sheet)
    folds = _lay_body(sheet, FRONT_NECK_INNER, [*LEFT_CREASES, *RIGHT_CREASES])
    sheet.rib(FRONT_NECK_INNER, FRONT_NECK_SEAM, spacing_px=2.3, folds=folds)
    sheet.seam(FRONT_NECK_SEAM, width_px=1.3, depth=0.34)
    sheet.stitches([(x + (300 - x) * 0.014, y + 3.2) for x, y in FRONT_NECK_SEAM[1:-1]], depth=0.16)
    return sheet


def _back() -> Sheet:
    sheet = Sheet(STAGE_PX, STAGE_PX, seed=12)
    _lay_sleeves(sheet)
    swapped = [crease.mirrored(STAGE_PX) for crease in (*LEFT_CREASES, *RIGHT_CREASES)]
    across = [
        Crease(((150, 96), (230, 122), (300, 126), (380, 120), (450, 98)), 2.0, 12, 22, 0.5),
        Crease(((300, 160), (306, 260), (296, 380)), 2.2, 30, 22, 0.5),
    ]
    folds = _lay_body(sheet, BACK_NECK_INNER, [*swapped, *across])
    sheet.rib(BACK_NECK_INNER, BACK_NECK_SEAM, spacing_px=2.3, folds=folds)
    sheet.seam(BACK_NECK_SEAM, width_px=1.3, depth=0.34)
    sheet.stitches([(x, y + 3.0) for x, y in BACK_NECK_SEAM[1:-1]], depth=0.16)
    shoulder: Outline = ((192, 30), (150, 45), (104, 62))
    for seam in (shoulder, mirrored(shoulder, STAGE_PX)):
        sheet.seam(seam, width_px=1.0, depth=0.2)
    return sheet


def tee(view: str) -> Image.Image:
    """The tee's base picture ("front" or "back"), mode LA, 2400 x 2400."""
    sheet = _front() if view == "front" else _back()
    return sheet.picture(grain=0.012)

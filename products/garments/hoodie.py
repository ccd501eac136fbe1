"""The hoodie on its 690 x 734.5 stage, from the front and from the back.  [pure]

The storefront lets a customer drag artwork within x 150-540, y 100-650 on the front, and x 120-510 of a back
picture that is drawn 20 px higher; both areas lie on cloth here.
"""

import numpy as np
from PIL import Image

from products.garments.canvas import Outline, Sheet, mirrored
from products.garments.relief import Crease, FloatImage, blurred, wrinkles

STAGE_WIDTH_PX, STAGE_HEIGHT_PX = 690.0, 734.516

LEFT_SIDE: Outline = (
    (262, 60), (262, 60), (200, 78), (138, 92), (138, 92), (124, 140), (112, 200), (108, 260), (108, 260),
    (110, 380), (107, 500), (100, 620), (104, 664), (116, 682), (116, 682),
)  # fmt: skip
LEFT_SLEEVE: Outline = (
    (180, 98), (180, 98), (138, 92.5), (106, 112), (78, 170), (56, 270), (38, 400), (22, 520), (12, 628),
    (22, 654), (22, 654), (88, 666), (88, 666), (104, 640), (112, 560), (122, 420), (128, 300), (150, 180),
)  # fmt: skip
HEM_TOP: Outline = ((116, 680), (230, 688), (345, 691), (460, 688), (574, 680))
HEM_BOTTOM: Outline = ((122, 716), (230, 724), (345, 727), (460, 724), (568, 716))
CUFF_TOP: Outline = ((22, 634), (54, 643), (90, 648))
CUFF_BOTTOM: Outline = ((24, 694), (54, 702), (84, 706))

HOOD_FRONT: Outline = (
    (345, 162), (345, 162), (300, 142), (248, 108), (228, 82), (228, 82), (240, 44), (282, 12), (345, 2),
    (408, 12), (450, 44), (462, 82), (462, 82), (442, 108), (390, 142),
)  # fmt: skip
HOOD_OPENING: Outline = (
    (345, 142), (345, 142), (312, 116), (282, 80), (274, 50), (296, 30), (345, 22), (394, 30), (416, 50),
    (408, 80), (378, 116),
)  # fmt: skip
HOOD_BACK: Outline = (
    (345, 141), (296, 131), (252, 108), (226, 82), (226, 82), (242, 44), (286, 16), (345, 8), (404, 16),
    (448, 44), (464, 82), (464, 82), (438, 108), (394, 131),
)  # fmt: skip
POCKET: Outline = (
    (250, 484), (250, 484), (345, 487), (440, 484), (440, 484), (478, 540), (500, 592), (500, 592),
    (504, 640), (504, 687), (504, 687), (345, 691), (186, 687), (186, 687), (186, 640), (190, 592),
    (190, 592), (212, 540),
)  # fmt: skip

BODY_CREASES = (
    Crease(((108, 262), (160, 246), (226, 256), (270, 280)), 4.0, 12, 24, 0.2),
    Crease(((110, 276), (170, 296), (232, 350), (268, 410)), 4.8, 26, 13, 0.2),
    Crease(((112, 300), (150, 352), (172, 430), (168, 500)), 4.2, 24, 13, 0.25),
    Crease(((580, 262), (528, 252), (460, 270)), 4.0, 24, 12, 0.2),
    Crease(((580, 280), (516, 306), (460, 366), (432, 440)), 4.8, 13, 27, 0.2),
    Crease(((578, 310), (540, 362), (522, 440), (530, 500)), 3.8, 13, 24, 0.25),
    Crease(((180, 330), (168, 430), (184, 540), (160, 680)), 4.6, 40, 21, 0.6),
    Crease(((506, 340), (524, 440), (508, 560), (534, 690)), 4.4, 21, 40, 0.6),
    Crease(((290, 220), (282, 320), (296, 420), (284, 490)), 3.2, 34, 24, 0.5),
    Crease(((404, 230), (412, 330), (398, 430), (408, 490)), 3.0, 24, 34, 0.5),
    Crease(((108, 430), (170, 452), (250, 440)), 2.6, 20, 12, 0.3),
    Crease(((582, 470), (520, 492), (450, 478)), 2.6, 12, 20, 0.3),
    Crease(((104, 600), (150, 622), (196, 610)), 3.4, 20, 12, 0.3),
    Crease(((586, 610), (540, 636), (496, 622)), 3.4, 12, 20, 0.3),
    Crease(((150, 100), (196, 132), (262, 150)), 2.2, 14, 26, 0.35),
    Crease(((540, 100), (494, 134), (430, 154)), 2.2, 26, 14, 0.35),
    Crease(((140, 690), (146, 650), (138, 610)), 3.0, 12, 18, 0.2),
    Crease(((546, 690), (542, 648), (552, 606)), 3.0, 18, 12, 0.2),
)
SLEEVE_CREASES = (
    Crease(((128, 262), (104, 246), (70, 200)), 4.2, 16, 9, 0.25),
    Crease(((126, 300), (96, 298), (58, 262)), 3.8, 17, 10, 0.25),
    Crease(((124, 350), (90, 362), (46, 346)), 3.6, 18, 11, 0.4),
    Crease(((40, 404), (72, 420), (118, 408)), 3.4, 16, 10, 0.4),
    Crease(((118, 452), (80, 478), (34, 470)), 3.4, 18, 11, 0.4),
    Crease(((26, 528), (64, 552), (112, 536)), 3.4, 16, 10, 0.4),
    Crease(((110, 580), (70, 600), (20, 586)), 4.0, 16, 10, 0.4),
    Crease(((16, 632), (56, 640), (104, 622)), 4.2, 14, 9, 0.4),
    Crease(((96, 140), (104, 180), (100, 230)), 2.6, 14, 10, 0.35),
)
RIGHT_SLEEVE_CREASES = (
    Crease(((562, 256), (588, 236), (618, 186)), 4.2, 9, 16, 0.25),
    Crease(((564, 306), (596, 300), (634, 270)), 3.8, 10, 17, 0.25),
    Crease(((566, 362), (602, 372), (646, 352)), 3.4, 11, 18, 0.4),
    Crease(((650, 420), (614, 440), (572, 424)), 3.4, 10, 16, 0.4),
    Crease(((572, 476), (612, 498), (656, 484)), 3.4, 11, 18, 0.4),
    Crease(((664, 548), (626, 566), (578, 548)), 3.4, 10, 16, 0.4),
    Crease(((580, 592), (622, 612), (670, 600)), 4.0, 10, 16, 0.4),
    Crease(((674, 634), (636, 644), (586, 628)), 4.2, 9, 14, 0.4),
    Crease(((596, 140), (588, 184), (592, 236)), 2.6, 10, 14, 0.35),
)
HOOD_CREASES = (
    Crease(((252, 92), (270, 60), (300, 30)), 2.6, 12, 9, 0.5),
    Crease(((438, 96), (424, 62), (396, 30)), 2.6, 9, 12, 0.5),
    Crease(((270, 112), (296, 120), (334, 146)), 2.8, 8, 12, 0.4),
    Crease(((420, 112), (394, 122), (356, 146)), 2.8, 12, 8, 0.4),
)
HOOD_BACK_CREASES = (
    Crease(((230, 84), (280, 110), (345, 118), (410, 110), (460, 84)), 5.4, 9, 20, 0.5),
    Crease(((236, 66), (288, 92), (338, 100)), 3.8, 9, 16, 0.4),
    Crease(((454, 64), (404, 90), (352, 98)), 3.8, 16, 9, 0.4),
    Crease(((252, 44), (300, 64), (345, 68), (390, 64), (438, 44)), 2.6, 10, 20, 0.5),
    Crease(((284, 20), (300, 44), (330, 60)), 2.0, 9, 14, 0.4),
)


def _lay_sleeves(sheet: Sheet) -> None:
    for outline, creases, turned in (
        (LEFT_SLEEVE, SLEEVE_CREASES, False),
        (mirrored(LEFT_SLEEVE, STAGE_WIDTH_PX), RIGHT_SLEEVE_CREASES, True),
    ):
        sleeve = sheet.mask(outline)
        folds = sheet.folds(creases, slack=0.8)
        cuff = [mirrored(edge, STAGE_WIDTH_PX) if turned else edge for edge in (CUFF_TOP, CUFF_BOTTOM)]
        sheet.rib(cuff[0], cuff[1], spacing_px=4.2, folds=folds)
        sheet.lay(sleeve, sheet.shaded(sleeve, 40, folds), shadow=0.5, reach_px=4)


def _lay_body(sheet: Sheet, creases: list[Crease]) -> FloatImage:
    right = mirrored(LEFT_SIDE, STAGE_WIDTH_PX)
    outline = [*LEFT_SIDE, (345, 691), *right, (345, 70)]
    body = sheet.mask(outline)
    longer = sheet.mask([(x, y + 50) if y > 670 else (x, y) for x, y in outline])
    strewn = wrinkles(sheet.generator, 26, (130, 150, 560, 660), 1.3, lean_rad=1.15)
    folds = sheet.folds([*creases, *strewn], slack=0.65)
    sheet.rib([(x, y - 10) for x, y in HEM_TOP], HEM_BOTTOM, spacing_px=4.2, folds=folds)
    sheet.lay(body, sheet.shaded(longer, 60, folds), shadow=0.55, reach_px=7)
    armhole: Outline = LEFT_SIDE[4:8]
    for seam in (armhole, mirrored(armhole, STAGE_WIDTH_PX)):
        sheet.seam(seam, width_px=1.6, depth=0.34)
        inward = 4.0 if seam is armhole else -4.0
        sheet.stitches([(x + inward, y) for x, y in seam], depth=0.2, within=body)
    sheet.seam(HEM_TOP, width_px=1.6, depth=0.34)
    sheet.stitches([(x, y - 5) for x, y in HEM_TOP], depth=0.2, within=body)
    return folds


def _lay_pocket(sheet: Sheet, folds: FloatImage) -> None:
    pocket = sheet.mask(POCKET)
    openings: Outline = ((250, 484), (212, 540), (190, 592))
    sheet.lay(pocket, sheet.shaded(pocket, 7, folds), shadow=0.42, reach_px=4)
    sheet.stitches(((252, 489), (345, 492), (438, 489)), depth=0.24, within=pocket)
    for edge in (openings, mirrored(openings, STAGE_WIDTH_PX)):
        inward = 7.0 if edge is openings else -7.0
        sheet.seam(edge, width_px=2.2, depth=0.4)
        for row in (inward, inward * 1.6):
            sheet.stitches([(x + row, y + 1) for x, y in edge], depth=0.22, within=pocket)
    side: Outline = ((191, 594), (191, 640), (191, 684))
    for edge in (side, mirrored(side, STAGE_WIDTH_PX)):
        sheet.stitches(edge, depth=0.24, within=pocket)
    sheet.seam(HEM_TOP, width_px=1.6, depth=0.34)


def _lay_drawstring(sheet: Sheet, path: Outline, eyelet: tuple[float, float]) -> None:
    """A round cord out of its eyelet, with a dipped tip, and its shadow on the cloth."""
    x, y = eyelet
    ring = [(x + 4.4 * np.cos(turn), y + 4.4 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 13)[:-1]]
    hole = [(x + 2.1 * np.cos(turn), y + 2.1 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 13)[:-1]]
    for outline, light, shadow in ((ring, 1.12, 0.3), (hole, 0.4, 0.0)):
        mask = sheet.mask(outline)
        sheet.lay(mask, np.full(sheet.shape_px, light, np.float32), shadow=shadow, reach_px=2)
    sheet.cord(path, width_px=4.6, shadow=0.45)
    tip = path[-1]
    sheet.cord(((tip[0], tip[1] - 9), (tip[0], tip[1] + 3)), width_px=5.6, shadow=0.3, twist=False)


def _lay_hood_front(sheet: Sheet) -> None:
    hood, opening = sheet.mask(HOOD_FRONT), sheet.mask(HOOD_OPENING)
    folds = sheet.folds(HOOD_CREASES, slack=0.6)
    sheet.lay(hood, sheet.shaded(hood, 34, folds), shadow=0.55, reach_px=6)
    inside_folds = sheet.folds(HOOD_BACK_CREASES, slack=0.5)
    rows = np.linspace(0, STAGE_HEIGHT_PX, sheet.shape_px[0], dtype=np.float32)[:, None]
    gloom = 0.64 - 0.24 * np.clip((rows - 26) / 90, 0, 1)
    inner_rim = 1 - 0.45 * blurred(1 - opening, 5 * sheet.scale)
    sheet.lay(opening, sheet.shaded(hood, 34, inside_folds) * gloom * inner_rim)
    rim: Outline = (*HOOD_OPENING[1:], HOOD_OPENING[0])
    sheet.seam(rim, width_px=1.6, depth=0.4)
    outer = [(345 + (x - 345) * 1.17, 78 + (y - 78) * 1.14) for x, y in rim]
    sheet.stitches(outer, depth=0.24, within=hood * (1 - opening))
    sheet.seam(((345, 3), (345, 12), (345, 22)), width_px=1.4, depth=0.3)
    sheet.seam(((345, 140), (341, 149), (333, 155)), width_px=1.8, depth=0.45)


def _front() -> Sheet:
    sheet = Sheet(STAGE_WIDTH_PX, STAGE_HEIGHT_PX, seed=21)
    _lay_sleeves(sheet)
    folds = _lay_body(sheet, list(BODY_CREASES))
    _lay_pocket(sheet, folds)
    _lay_hood_front(sheet)
    _lay_drawstring(sheet, ((306, 130), (301, 152), (305, 178), (300, 206)), (306, 127))
    _lay_drawstring(sheet, ((384, 130), (389, 152), (386, 176), (391, 197)), (384, 127))
    return sheet


def _back() -> Sheet:
    sheet = Sheet(STAGE_WIDTH_PX, STAGE_HEIGHT_PX, seed=22)
    _lay_sleeves(sheet)
    swapped = [crease.mirrored(STAGE_WIDTH_PX) for crease in BODY_CREASES]
    _lay_body(sheet, [*swapped, Crease(((345, 220), (352, 340), (340, 460)), 3.0, 40, 30, 0.5)])
    hood = sheet.mask(HOOD_BACK)
    folds = sheet.folds(HOOD_BACK_CREASES, slack=0.7)
    sheet.lay(hood, sheet.shaded(hood, 34, folds), shadow=0.6, reach_px=7)
    middle: Outline = ((345, 9), (346, 60), (345, 140))
    sheet.seam(middle, width_px=1.5, depth=0.32)
    for row in (-4.5, 4.5):
        sheet.stitches([(x + row, y) for x, y in middle], depth=0.2, within=hood)
    return sheet


def hoodie(view: str) -> Image.Image:
    """The hoodie's base picture ("front" or "back"), mode LA, 2400 x 2555."""
    sheet = _front() if view == "front" else _back()
    return sheet.picture(grain=0.012)

"""Builds the two fonts of the mandate document from Noto sources (SIL OFL 1.1).

usage: build.py NOTO_DIR NOTO_EMOJI_REGULAR OUT_DIR
needs: fonttools. Only the character map is kept (no layout tables): the
program shapes Arabic itself through the presentation forms. Emoji of
U+1F000..1FBFF are mapped to U+E000+(cp-0x1F000), because a PDF simple CID of
two bytes holds the first plane only; the program maps text back on extraction.
"""
import sys
import tempfile
from fontTools import subset, merge
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

noto, emoji, out = sys.argv[1:4]

def rng(*pairs):
    s = set()
    for a, b in pairs:
        s.update(range(a, b + 1))
    return s

LATIN = rng((0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2AF), (0x2B0, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F),
            (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209C), (0x20A0, 0x20C0), (0x2100, 0x2150), (0x2190, 0x2199),
            (0x2212, 0x2212), (0x25CC, 0x25CC), (0x2C60, 0x2C7F), (0xA720, 0xA7FF))
ARABIC = rng((0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))
HEBREW = rng((0x590, 0x5FF), (0xFB1D, 0xFB4F))
ARMENIAN = rng((0x530, 0x58F))
GEORGIAN = rng((0x10A0, 0x10FF), (0x1C90, 0x1CBF))
ETHIOPIC = rng((0x1200, 0x137F))
SYMBOLS = {0x25A0, 0x25A1, 0x25CF, 0x2610, 0x2611, 0x2612, 0x26A0, 0x2713, 0x2714, 0x2717, 0x2600, 0x2605, 0x2606, 0x2665, 0x2764}

DROP = ["GSUB", "GPOS", "GDEF", "BASE", "MATH", "DSIG", "meta", "STAT", "fvar", "gvar", "avar", "HVAR", "MVAR", "vhea", "vmtx", "VORG", "gasp", "prep", "fpgm", "cvt ", "kern", "hdmx", "VDMX", "LTSH"]

def cut(path, codes):
    f = TTFont(path)
    o = subset.Options()
    o.layout_features = []
    o.drop_tables += DROP
    o.hinting = False
    o.notdef_outline = True
    o.glyph_names = False
    o.name_IDs = ["*"]
    o.legacy_kern = False
    s = subset.Subsetter(o)
    s.populate(unicodes=codes)
    s.subset(f)
    for t in DROP:
        if t in f:
            del f[t]
    if f["head"].unitsPerEm != 1000:
        scale_upem(f, 1000)
    return f

def remap_emoji(f):
    cmap = {}
    for cp, g in f.getBestCmap().items():
        cmap[cp - 0x1F000 + 0xE000 if cp >= 0x10000 else cp] = g
    t = CmapSubtable.newSubtable(4)
    t.platformID, t.platEncID, t.language, t.cmap = 3, 1, 0, cmap
    f["cmap"].tables = [t]

work = tempfile.mkdtemp()
for style in ("Regular", "Bold"):
    parts, seen = [], set()
    for name, codes in (("NotoSans", LATIN), ("NotoSansArabic", ARABIC), ("NotoSansHebrew", HEBREW), ("NotoSansArmenian", ARMENIAN),
                        ("NotoSansGeorgian", GEORGIAN), ("NotoSansEthiopic", ETHIOPIC), ("NotoSansSymbols", SYMBOLS), ("NotoSansSymbols2", SYMBOLS)):
        path = f"{noto}/{name}-{style}.ttf"
        if name == "NotoSansSymbols2":
            path = f"{noto}/{name}-Regular.ttf"
        have = set(TTFont(path).getBestCmap())
        use = (codes & have) - seen
        if not use:
            continue
        seen |= use
        parts.append(cut(path, use))
    if style == "Regular":  # emoji come in one weight, to keep the fonts small
        have = set(TTFont(emoji).getBestCmap())
        e = cut(emoji, {c for c in have if 0x1F000 <= c <= 0x1FBFF or (0x2600 <= c <= 0x27BF and c not in seen)})
        remap_emoji(e)
        parts.append(e)
    files = []
    for i, p in enumerate(parts):
        fn = f"{work}/part{i}.ttf"
        p.save(fn)
        files.append(fn)
    m = merge.Merger(merge.Options(drop_tables=DROP)).merge(files)
    fam = "Relais Document"
    m["name"].names = [n for n in m["name"].names if n.nameID in (0, 13, 14)]
    for i, v in ((1, fam), (2, style), (3, f"{fam} {style} 1.0"), (4, f"{fam} {style}"), (5, "Version 1.0, subset and merge of Noto fonts"), (6, f"RelaisDocument-{style}"),
                 (13, "This Font Software is licensed under the SIL Open Font License, Version 1.1."), (14, "https://openfontlicense.org")):
        m["name"].setName(v, i, 3, 1, 0x409)
    best = {c: g for c, g in m.getBestCmap().items() if c < 0x10000}
    t = CmapSubtable.newSubtable(4)
    t.platformID, t.platEncID, t.language, t.cmap = 3, 1, 0, best
    m["cmap"].tables = [t]
    m["OS/2"].fsType = 0
    m["post"].formatType = 3.0
    m["head"].created = m["head"].modified = 3786912000
    m.recalcTimestamp = False
    m.save(f"{out}/RelaisDocument-{style}.ttf")
    print(style, len(best), m["maxp"].numGlyphs)

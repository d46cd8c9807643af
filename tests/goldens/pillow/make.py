"""Golden picture transforms, made by Pillow: antialiased resizes, and files of many kinds through the letterbox.

    python tests/goldens/pillow/make.py

Writes `resize.safetensors` (pictures rebuilt from the README's formula -> resized bytes), the small files in `inputs/`,
and `files.safetensors` (each file -> upright RGB bytes -> letterboxed bytes). Kinds that readers disagree on stand in
`kinds/` and, as upright RGB bytes, in `kinds.safetensors`.
"""

import hashlib
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, features

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

PAD = 127
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}

# (height, width) -> (height, width)
SMALL = [
    ((61, 97), (20, 32)),
    ((7, 13), (41, 50)),
    ((64, 64), (5, 7)),
    ((150, 200), (48, 48)),
    ((1, 1), (5, 5)),
    ((5, 1), (17, 3)),
    ((33, 21), (33, 21)),
    ((30, 40), (30, 20)),
    ((30, 40), (11, 40)),
    ((9, 300), (9, 7)),
    ((48, 31), (49, 32)),
]
LARGE = [((480, 640), (224, 224)), ((500, 333), (224, 224)), ((97, 97), (224, 224)), ((203, 157), (448, 448))]
LARGE_ROWS = (0, 57, 111, 223)


def resizes() -> None:
    """Small cases in full; large ones as sha256 of their RGB bytes plus four rows."""
    tensors, sums = {}, {}
    for source, target in SMALL + LARGE:
        pixels = Image.fromarray(common.picture("picture.a", *source))
        for name, kind in FILTERS.items():
            out = np.asarray(pixels.resize((target[1], target[0]), kind))
            key = f"{source[0]}x{source[1]}.{target[0]}x{target[1]}.{name}"
            if (source, target) in LARGE:
                sums[key] = hashlib.sha256(out.tobytes()).hexdigest()
                tensors[key + ".rows"] = out[list(LARGE_ROWS)]
            else:
                tensors[key] = out
    about = {"case": "pillow/resize", "picture": "picture.a", "sha256": sums, "rows": LARGE_ROWS}
    common.save(HERE / "resize.safetensors", tensors, about)


def png(samples: np.ndarray, colour: int, extra: list[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of unfiltered rows, for the kinds Pillow cannot write. samples [h, w, channels], uint8 or uint16."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1).astype(samples.dtype.newbyteorder(">"))
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, samples.dtype.itemsize * 8, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return out


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif_tag(orientation: int, little: bool = False) -> bytes:
    """A TIFF block with the orientation tag alone."""
    order = "<" if little else ">"
    head = (b"II" if little else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def with_app1(jpeg: bytes, tiff: bytes) -> bytes:
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def inputs() -> dict[str, bytes]:
    """The files by name. 31 x 22 px, synthetic."""
    height, width = 22, 31
    rgb = common.picture("picture.a", height, width)
    alpha = common.picture("picture.b", height, width)[..., :1]
    alpha[:3], alpha[-3:] = 0, 255
    deep = rgb.astype(np.uint16) * 256 + common.picture("picture.c", height, width)
    deep_alpha = alpha.astype(np.uint16) * 257
    image, grey = Image.fromarray(rgb), Image.fromarray(rgb[..., 0])
    palette = image.quantize(16, dither=Image.Dither.NONE)
    key = rgb.copy()
    key[5:15, 8:20] = (12, 200, 45)
    smooth = Image.fromarray(common.picture("picture.b", 40, 56)[::2, ::2] // 2 + 60)
    plain = encoded(smooth, "JPEG", quality=92, subsampling=0)
    files = {
        "rgb.png": encoded(image, "PNG"),
        "rgba.png": png(np.concatenate([rgb, alpha], -1), 6),
        "grey.png": encoded(grey, "PNG"),
        "grey_alpha.png": png(np.concatenate([rgb[..., :1], alpha], -1), 4),
        "one_bit.png": encoded(grey.point(lambda v: 255 * (v > 120), "1"), "PNG"),
        "grey16.png": png(deep[..., :1], 0),
        "grey_alpha16.png": png(np.concatenate([deep[..., :1], deep_alpha], -1), 4),
        "rgb16.png": png(deep, 2),
        "rgba16.png": png(np.concatenate([deep, deep_alpha], -1), 6),
        "palette.png": encoded(palette, "PNG"),
        "palette_trns.png": encoded(palette, "PNG", transparency=bytes([0, 80, 160] + [255] * 13)),
        "rgb_trns.png": png(key, 2, [(b"tRNS", struct.pack(">HHH", 12, 200, 45))]),
        "exif6.png": png(rgb, 2, [(b"eXIf", exif_tag(6))]),
        "rgb.bmp": encoded(image, "BMP"),
        "palette.gif": encoded(palette, "GIF"),
        "rgba.webp": encoded(
            Image.fromarray(np.concatenate([rgb, alpha], -1), "RGBA"), "WEBP", lossless=True, exact=True
        ),
        "tall.png": encoded(Image.fromarray(common.picture("picture.a", 29, 3)), "PNG"),
        "dot.png": encoded(Image.fromarray(common.picture("picture.a", 1, 1)), "PNG"),
        "plain.jpg": plain,
        "grey.jpg": encoded(smooth.convert("L"), "JPEG", quality=92),
        "sampled420.jpg": encoded(smooth, "JPEG", quality=92, subsampling=2),
        "progressive.jpg": encoded(smooth, "JPEG", quality=92, subsampling=0, progressive=True),
        "cmyk.jpg": encoded(cmyk(smooth), "JPEG", quality=95, subsampling=0),
        "little_endian5.jpg": with_app1(plain, exif_tag(5, little=True)),
    }
    for orientation in range(1, 9):
        files[f"exif{orientation}.jpg"] = with_app1(plain, exif_tag(orientation))
    return files


def cmyk(image: Image.Image) -> Image.Image:
    """The picture as CMYK with a black channel that is not empty (Pillow's own conversion leaves it at 0)."""
    ink = 255 - np.asarray(image).astype(np.int32)
    black = ink.min(axis=-1, keepdims=True) // 2
    return Image.frombytes("CMYK", image.size, np.concatenate([ink - black, black], -1).astype(np.uint8).tobytes())


def upright_rgb(data: bytes) -> Image.Image:
    """EXIF orientation, alpha over the pad colour, 8-bit RGB: every step is Pillow's but the 16-bit grey one."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I"):  # Pillow clips 16-bit grey at 255; the high byte is what it takes for 16-bit RGB
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode == "La" else image.mode).convert("RGBA")
        backdrop = Image.new("RGBA", image.size, (PAD, PAD, PAD, 255))
        image = Image.alpha_composite(backdrop, image)
    return image.convert("RGB")


def letterbox(image: Image.Image, size: int, kind: Image.Resampling) -> Image.Image:
    side = max(image.size)
    square = Image.new("RGB", (side, side), (PAD, PAD, PAD))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square.resize((size, size), kind)


def through_the_letterbox() -> None:
    folder = HERE / "inputs"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tensors, sums = {}, {}
    for name, data in inputs().items():
        (folder / name).write_bytes(data)
        image = upright_rgb(data)
        tensors[f"{name}.rgb"] = np.asarray(image)
        for label, kind in FILTERS.items():
            tensors[f"{name}.{label}16"] = np.asarray(letterbox(image, 16, kind))
            large = letterbox(image, 224, kind).tobytes()
            sums[f"{name}.{label}224"] = hashlib.sha256(large).hexdigest()
    about = {
        "case": "pillow/files",
        "pad": PAD,
        "sha256": sums,
        "pillow": Image.__version__,
        "libjpeg_turbo": features.version("libjpeg_turbo"),
    }
    common.save(HERE / "files.safetensors", tensors, about)


LITTLE, BIG = "<", ">"
SHORT, LONG, LONG8, BYTE = 3, 4, 16, 1


def tiff(samples: bytes, tags: dict[int, tuple[int, list[int]]], order: str = LITTLE, wide: bool = False) -> bytes:
    """A TIFF of one uncompressed strip. tags: number -> type, values; the strip's are added. wide: BigTIFF."""
    sizes = {BYTE: "B", SHORT: "H", LONG: "I", LONG8: "Q"}
    number, entry_field = ("Q", 8) if wide else ("I", 4)
    head = (b"II" if order == LITTLE else b"MM") + struct.pack(order + "H", 43 if wide else 42)
    head += struct.pack(order + "HHQ", 8, 0, 16) if wide else struct.pack(order + "I", 8)
    tags = dict(tags) | {273: (LONG, [0]), 279: (LONG, [len(samples)])}
    count = struct.pack(order + ("Q" if wide else "H"), len(tags))
    behind = len(head) + len(count) + len(tags) * (20 if wide else 12) + entry_field
    fields, extra = {}, b""
    for tag, (kind, values) in tags.items():
        body = struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)
        if len(body) > entry_field:
            fields[tag] = struct.pack(order + number, behind + len(extra))
            extra += body + b"\0" * (len(body) % 2)
        else:
            fields[tag] = body.ljust(entry_field, b"\0")
    fields[273] = struct.pack(order + "I", behind + len(extra)).ljust(entry_field, b"\0")
    out = head + count
    for tag in sorted(tags):
        kind, values = tags[tag]
        out += struct.pack(order + "HH" + number, tag, kind, len(values)) + fields[tag]
    return out + b"\0" * entry_field + extra + samples


def plain_tiff(samples: np.ndarray, photometric: int, extra: list[int] = (), more: dict | None = None, **how) -> bytes:
    """A TIFF of samples [h, w, channels], uint8 or uint16."""
    height, width, channels = samples.shape
    order = how.get("order", LITTLE)
    bits = samples.dtype.itemsize * 8
    tags = {256: (SHORT, [width]), 257: (SHORT, [height]), 258: (SHORT, [bits] * channels), 259: (SHORT, [1])}
    tags |= {262: (SHORT, [photometric]), 277: (SHORT, [channels]), 278: (SHORT, [height]), 284: (SHORT, [1])}
    if extra:
        tags[338] = (SHORT, list(extra))
    return tiff(samples.astype(samples.dtype.newbyteorder(order)).tobytes(), tags | (more or {}), **how)


def packed(indices: np.ndarray, bits: int) -> bytes:
    """Indices [h, w] with so many bits each, rows padded to bytes."""
    unpacked = np.unpackbits(indices[..., None].astype(np.uint8), axis=-1)[..., 8 - bits :]
    return np.packbits(unpacked.reshape(len(indices), -1), axis=-1).tobytes()


def few_bits(indices: np.ndarray, bits: int, photometric: int, more: dict | None = None) -> bytes:
    height, width = indices.shape
    tags = {256: (SHORT, [width]), 257: (SHORT, [height]), 258: (SHORT, [bits]), 259: (SHORT, [1])}
    tags |= {262: (SHORT, [photometric]), 277: (SHORT, [1]), 278: (SHORT, [height])}
    return tiff(packed(indices, bits), tags | (more or {}))


def xmp(orientation: int) -> bytes:
    """An XMP packet with the orientation alone."""
    start = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="'
    return start + str(orientation).encode() + b'"/></x:xmpmeta>'


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def segment(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def kinds() -> dict[str, bytes]:
    """Files of kinds that readers disagree on: TIFF, and where the orientation may stand. 13 x 9 px, synthetic."""
    height, width = 9, 13
    rgb = common.picture("picture.a", height, width)
    alpha = common.picture("picture.b", height, width)[..., :1]
    alpha[:2], alpha[-2:] = 0, 255
    # Colours beyond their alpha as well, as no right program writes them.
    associated = (rgb.astype(np.uint32) * (alpha.astype(np.uint32) + 9) // 255).clip(0, 255).astype(np.uint8)
    deep = associated.astype(np.uint16) * 256 + common.picture("picture.c", height, width)
    grey, black = rgb[..., :1], common.picture("picture.c", height, width)[..., :1]
    indices = (rgb[..., 0] >> 4).astype(np.uint8)
    colours = common.picture("picture.d", 16, 16).reshape(256, 3).astype(int)

    def palette(count: int) -> dict:
        return {320: (SHORT, [int(v) * 257 for v in colours[:count].T.reshape(-1)])}

    def join(*parts: np.ndarray) -> np.ndarray:
        return np.concatenate(parts, -1)

    files = {
        "palette8.tif": plain_tiff(rgb[..., 1:2], 3, more=palette(256)),
        "palette8_big_endian.tif": plain_tiff(rgb[..., 1:2], 3, more=palette(256), order=BIG),
        "palette8_alpha.tif": plain_tiff(join(rgb[..., 1:2], alpha), 3, [2], palette(256)),
        "palette4.tif": few_bits(indices, 4, 3, palette(16)),
        "palette2.tif": few_bits(indices >> 2, 2, 3, palette(4)),
        "palette1.tif": few_bits(indices >> 3, 1, 3, palette(2)),
        "grey4.tif": few_bits(indices, 4, 1),
        "grey2_white_is_zero.tif": few_bits(indices >> 2, 2, 0),
        "grey_alpha.tif": plain_tiff(join(grey, alpha), 1, [2]),
        "grey_associated.tif": plain_tiff(join(associated[..., :1], alpha), 1, [1]),
        "grey_unspecified.tif": plain_tiff(join(grey, alpha), 1, [0]),
        "rgb.tif": plain_tiff(rgb, 2),
        "rgb_big.tif": plain_tiff(rgb, 2, wide=True),
        "palette_big.tif": plain_tiff(rgb[..., 1:2], 3, more=palette(256), wide=True),
        "rgba.tif": plain_tiff(join(rgb, alpha), 2, [2]),
        "rgb_unspecified.tif": plain_tiff(join(rgb, alpha), 2, [0]),
        "rgb_associated.tif": plain_tiff(join(associated, alpha), 2, [1]),
        "rgb_associated_extra.tif": plain_tiff(join(associated, alpha, grey), 2, [1, 0]),
        "rgb_associated16.tif": plain_tiff(join(deep, alpha.astype(np.uint16) * 257), 2, [1]),
        "cmyk.tif": plain_tiff(join(rgb, black), 5),
        "cmyk_extra.tif": plain_tiff(join(rgb, black, alpha), 5, [0]),
        "ycbcr.tif": plain_tiff(rgb, 6, more={530: (SHORT, [1, 1])}),
        "orientation6.tif": plain_tiff(rgb, 2, more={274: (SHORT, [6])}),
        "xmp7.tif": plain_tiff(rgb, 2, more={700: (BYTE, list(xmp(7)))}),
    }
    image = Image.fromarray(rgb)
    jpeg = encoded(Image.fromarray(rgb // 2 + 60), "JPEG", quality=95, subsampling=0)

    def with_segments(*bodies: bytes) -> bytes:
        return jpeg[:2] + b"".join(segment(body) for body in bodies) + jpeg[2:]

    exif, name = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
    element = xmp(5).replace(b'tiff:Orientation="5"', b"><tiff:Orientation>5</tiff:Orientation")
    plain = encoded(image, "PNG")
    end = plain.index(b"IEND") - 4

    def with_chunk(kind: bytes, body: bytes, late: bool = False) -> bytes:
        at = end if late else 33
        return plain[:at] + chunk(kind, body) + plain[at:]

    raw = (exif + exif_tag(8)).hex().encode()
    raw = b"\nexif\n%8d\n" % (len(raw) // 2) + raw[:72] + b"\n" + raw[72:] + b"\n"
    text = b"XML:com.adobe.xmp\0"
    webp = encoded(image, "WEBP", lossless=True, exact=True, xmp=xmp(8))
    files |= {
        "exif_two_segments.jpg": with_segments(exif + exif_tag(8), exif + exif_tag(3)),
        "exif_one_in_two_segments.jpg": with_segments(exif + exif_tag(6)[:11], exif + exif_tag(6)[11:]),
        "exif_before_xmp.jpg": with_segments(name + xmp(6), exif + exif_tag(3)),
        "exif_of_nothing_before_xmp.jpg": with_segments(exif + exif_tag(9), name + xmp(6)),
        "xmp6.jpg": with_segments(name + xmp(6)),
        "xmp_element5.jpg": with_segments(name + element),
        "xmp_twice.jpg": with_segments(name + xmp(6), name + xmp(4)),
        "exif_behind_pixels6.png": with_chunk(b"eXIf", exif_tag(6), late=True),
        "xmp5.png": with_chunk(b"iTXt", text + b"\0\0\0\0" + xmp(5)),
        "xmp_packed7.png": with_chunk(b"iTXt", text + b"\1\0en\0XMP\0" + zlib.compress(xmp(7), 9), late=True),
        "raw_profile8.png": with_chunk(b"tEXt", b"Raw profile type exif\0" + raw),
        "raw_profile_packed8.png": with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw, 9)),
        "xmp8.webp": webp,
        "exif6.webp": encoded(image, "WEBP", lossless=True, exact=True, exif=exif + exif_tag(6)),
    }
    return files


def of_kinds() -> None:
    folder = HERE / "kinds"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tensors = {}
    for name, data in kinds().items():
        (folder / name).write_bytes(data)
        tensors[f"{name}.rgb"] = np.asarray(upright_rgb(data))
    common.save(HERE / "kinds.safetensors", tensors, {"case": "pillow/kinds", "pad": PAD, "pillow": Image.__version__})


if __name__ == "__main__":
    of_kinds()
    resizes()
    through_the_letterbox()

"""Golden picture transforms, made by Pillow: antialiased resizes, and files of many kinds through the letterbox.

    python tests/goldens/pillow/make.py

Writes `resize.safetensors` (pictures rebuilt from the README's formula -> resized bytes), the small files in `inputs/`,
and `files.safetensors` (each file -> upright RGB bytes -> letterboxed bytes).
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
        image = image.convert("RGBA")
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


if __name__ == "__main__":
    resizes()
    through_the_letterbox()

#!/usr/bin/env python3
"""Makes JPEG objects of every shape from the samples, by encoders that share nothing with the program under test.

usage: make_jpegs.py JOB.json

JOB.json: {"samples": FOLDER, "out": FOLDER, "streams": [[NAME, PATH], ...], "all": BOOL}; `streams` are JPEG streams of the
picture of us_rgb.dcm that are wrapped as well; without `all` most samplings come in one way only. Prints a list of {"file", "blocks"}: `blocks` says whether the object can be masked in
its coefficients. Streams of 12 bits are made with dcmtk's dcmcjpeg; without it they are left out.
"""
import io
import json
import pathlib
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array

BASELINE, EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
SAMPLINGS = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
}
WAYS = {
    "plain": [],
    "optimised": [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
    "restart": [cv2.IMWRITE_JPEG_RST_INTERVAL, 5],
    "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "progressive-restart": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 7],
}


def with_opencv(rgb, sampling, way, quality=90):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling], *WAYS[way]]
    ok, coded = cv2.imencode(".jpg", rgb[..., ::-1], options)
    assert ok
    return coded.tobytes()


def with_pillow(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    return out.getvalue()


def with_text_segments(stream):
    """A comment and an application segment behind the start of image and before every scan, and an end behind the end."""
    note = b"made for nobody"
    segments = b"".join(b"\xff" + m + (len(note) + 2).to_bytes(2, "big") + note for m in (b"\xfe", b"\xe5"))
    # In coded data no marker's second byte follows 0xff.
    parts = (stream[:2] + segments + stream[2:]).split(b"\xff\xda")
    return (segments + b"\xff\xda").join(parts) + b"mo\xff\xd9"


def wrap(source, frames, out, photometric, syntax=BASELINE, fragments=1):
    ds = pydicom.dcmread(source)
    picture = Image.open(io.BytesIO(frames[0]))
    ds.Columns, ds.Rows = picture.size
    colour = photometric not in ("MONOCHROME1", "MONOCHROME2")
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3 if colour else 1), photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    if colour:
        ds.PlanarConfiguration = 0
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    for name in ("WindowCenter", "WindowWidth", "SmallestImagePixelValue", "LargestImagePixelValue"):
        if name in ds:
            delattr(ds, name)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=fragments > 1)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio, ds.LossyImageCompressionMethod = "10", "ISO_10918_1"
    ds.save_as(out)


def twelve_bits(samples, out, made):
    if not shutil.which("dcmcjpeg"):
        return
    screen = pydicom.dcmread(samples / "us_rgb.dcm")
    deep = out / "deep.tmp"
    screen.PixelData = (pixel_array(screen).astype("<u2") << 4).tobytes()
    screen["PixelData"].VR = "OW"
    screen.BitsAllocated, screen.BitsStored, screen.HighBit = 16, 12, 11
    screen.save_as(deep)
    ways = (("sequential", "+ee"), ("selection", "+es"), ("progressive", "+ep"))
    kinds = (("grey12", samples / "mr_faint.dcm", []), ("ybr12-444", deep, ["+s4"]), ("ybr12-422", deep, ["+s2"]))
    for kind, source, more in kinds:
        for way, option in ways:
            file = out / f"{kind}-{way}.dcm"
            subprocess.run(["dcmcjpeg", option, "+bt", *more, str(source), str(file)], check=True, stderr=subprocess.DEVNULL)
            ds = pydicom.dcmread(file)
            # Progressive streams have a retired syntax of their own; in archives they stand under this one.
            ds.file_meta.TransferSyntaxUID = EXTENDED
            ds.save_as(file)
            made.append({"file": file.name, "blocks": True})
    deep.unlink()


def main(job):
    samples, out = pathlib.Path(job["samples"]), pathlib.Path(job["out"])
    screen, form, film = (samples / f for f in ("us_rgb.dcm", "sc_form.dcm", "cr_marker.dcm"))
    # An odd size: the last units of rows and columns are cut.
    rgb = np.ascontiguousarray(pixel_array(pydicom.dcmread(screen))[:475, :637])
    page = pixel_array(pydicom.dcmread(form))[:715, :555]
    plate = pixel_array(pydicom.dcmread(film))
    plate = np.ascontiguousarray(plate >> max(0, int(plate.max()).bit_length() - 8)).astype(np.uint8)
    made = []

    def add(name, source, frames, photometric, blocks=True, **more):
        wrap(source, frames, out / f"{name}.dcm", photometric, **more)
        made.append({"file": f"{name}.dcm", "blocks": blocks})

    for sampling in SAMPLINGS:
        label = "YBR_FULL" if sampling == "444" else "YBR_FULL_422"
        for way in WAYS if job["all"] or sampling == "420" else ["plain"]:
            add(f"ybr{sampling}-{way}", screen, [with_opencv(rgb, sampling, way)], label)
    for quality in (60, 100):
        add(f"ybr420-q{quality}", screen, [with_opencv(rgb, "420", "optimised", quality)], "YBR_FULL_422")
    for name, options in (("plain", {}), ("progressive", {"progressive": True}), ("restart", {"restart_marker_rows": 1})):
        add(f"grey-{name}", form, [with_pillow(page, quality=88, **options)], "MONOCHROME2")
        add(f"inverse-{name}", film, [with_pillow(plate, quality=92, **options)], "MONOCHROME1")
        add(f"rgb-{name}", screen, [with_pillow(rgb, quality=88, keep_rgb=True, subsampling=0, **options)], "RGB")
    add("extended", screen, [with_opencv(rgb, "422", "plain")], "YBR_FULL_422", syntax=EXTENDED)
    add("wrong-label", screen, [with_opencv(rgb, "420", "plain")], "RGB")
    add("fragments", screen, [with_opencv(rgb, "420", "plain")], "YBR_FULL_422", fragments=3)
    blank = np.zeros_like(rgb)
    loop = [with_text_segments(with_opencv(p, "420", w)) for p, w in ((blank, "plain"), (rgb, "progressive"), (rgb, "plain"))]
    add("loop", screen, loop, "YBR_FULL_422")
    # Frames whose units differ in size cannot share their masks.
    mixed = [with_opencv(rgb, "420", "plain"), with_opencv(rgb, "444", "plain")]
    add("mixed", screen, mixed, "YBR_FULL_422", blocks=False)
    # Another quantiser behind the last scan: nothing uses it, and who keeps coefficients cannot know.
    whole = with_opencv(rgb, "420", "plain")
    again = whole[:-2] + b"\xff\xdb\x00\x43\x00" + bytes([9] * 64) + whole[-2:]
    add("quantiser-again", screen, [again], "YBR_FULL_422", blocks=False)
    twelve_bits(samples, out, made)
    for name, path in job["streams"]:
        add(name, screen, [pathlib.Path(path).read_bytes()], "YBR_FULL_422")
    return made


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        json.dump(main(json.load(f)), sys.stdout)

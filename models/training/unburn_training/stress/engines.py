"""What finds text: the built unburn program, Tesseract (Debian `tesseract-ocr`) and PP-OCR (PyPI `rapidocr-onnxruntime`).

Each is a function from [u8 picture] to [bool mask or None]; None: the engine refused the picture. A peer's boxes are grown by 4 px,
as a redactor would. Peers find what they find by themselves; only single-threaded runs are compared."""
import json
import os
import shutil
import subprocess
import tempfile

import cv2
import numpy as np

GROWN = 4


def unburn(program, models=None):
    """through the real product: DICOM secondary captures, `scan --json --policy all`"""
    def run(images):
        from pydicom.uid import generate_uid
        with tempfile.TemporaryDirectory() as folder:
            for i, image in enumerate(images):
                write_dicom(f"{folder}/{i:05}.dcm", image, generate_uid(entropy_srcs=["stress", str(i)]))
            command = [program, "scan", "--json", "--policy", "all", folder] + (["--models", models] if models else [])
            out = subprocess.run(command, capture_output=True, text=True).stdout
        masks = [None] * len(images)
        for line in out.splitlines():
            file = json.loads(line)
            if file.get("type") != "file" or file["outcome"] not in ("clean", "masked", "needs-review"):
                continue
            i = int(os.path.basename(file["input"]).split(".")[0])
            masks[i] = np.zeros(images[i].shape[:2], bool)
            for box in file["boxes"]:
                if box["action"] == "mask" and box["carrier"] == "pixel-data":
                    x, y, w, h = box["rect"]
                    masks[i][y:y + h, x:x + w] = True
        return masks
    return run


def write_dicom(path, image, uid):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
    ds, colour = Dataset(), image.ndim == 3
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid(entropy_srcs=[uid, part]) for part in ("study", "series"))
    ds.Modality, ds.ConversionType, ds.PatientName, ds.PatientID = "OT", "WSD", "", ""
    ds.Rows, ds.Columns, ds.SamplesPerPixel = image.shape[0], image.shape[1], 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    data = np.ascontiguousarray(image).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds.save_as(path, enforce_file_format=True)


def tesseract():
    """word boxes of sparse text search, English"""
    if not shutil.which("tesseract"):
        return None

    def one(image):
        with tempfile.TemporaryDirectory() as folder:
            cv2.imwrite(folder + "/p.png", image[..., ::-1] if image.ndim == 3 else image)
            tsv = subprocess.run(["tesseract", folder + "/p.png", "-", "--psm", "11", "tsv"], capture_output=True, text=True, env=dict(os.environ, OMP_THREAD_LIMIT="1")).stdout
        mask = np.zeros(image.shape[:2], bool)
        for row in tsv.splitlines()[1:]:
            part = row.split("\t")
            if len(part) == 12 and part[0] == "5" and part[11].strip():
                x, y, w, h = map(int, part[6:10])
                mask[max(0, y - GROWN):y + h + GROWN, max(0, x - GROWN):x + w + GROWN] = True
        return mask
    return lambda images: [one(i) for i in images]


def pp_ocr():
    """everything its detector finds; the models are in the wheel"""
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        return None
    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def one(image):
        found, _ = engine(image[..., ::-1].copy() if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=False)
        mask = np.zeros(image.shape[:2], np.uint8)
        for quad in found or []:
            cv2.fillPoly(mask, [np.round(np.array(quad)).astype(np.int32)], 1)
        return cv2.dilate(mask, np.ones((2 * GROWN + 1,) * 2, np.uint8)) > 0
    return lambda images: [one(i) for i in images]

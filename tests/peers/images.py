"""Checks made-up objects with pydicom.

Usage: images.py FILE...

Prints one line a complaint: the path, a tab, the text. The whole data set is walked through; pixel
data has the length that rows, columns and frames ask for, or as many frames in fragments.
"""

import sys

from pydicom import dcmread
from pydicom.encaps import generate_frames


def is_encapsulated(syntax):
    """Whether pixel data is in fragments; what pydicom does not know yet is."""
    return syntax.is_private or not syntax.is_transfer_syntax or syntax.is_encapsulated


def pixel_complaints(dataset):
    """What is wrong with the pixel data."""
    frames = int(dataset.get("NumberOfFrames", 1))
    if is_encapsulated(dataset.file_meta.TransferSyntaxUID):
        found = list(generate_frames(dataset.PixelData, number_of_frames=frames))
        if len(found) != frames or not all(found):
            yield f"{len(found)} of {frames} frames"
        return
    expected = dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8 * frames
    if len(dataset.PixelData) != expected:
        yield f"{len(dataset.PixelData)} bytes of pixels, not {expected}"


def complaints(path):
    """What is wrong with one file."""
    try:
        dataset = dcmread(path)
        for _ in dataset.iterall():
            pass
        meta = dataset.file_meta
        if dataset.SOPInstanceUID != meta.MediaStorageSOPInstanceUID:
            yield f"SOPInstanceUID is {dataset.SOPInstanceUID}"
        if dataset.SOPClassUID != meta.MediaStorageSOPClassUID:
            yield f"SOPClassUID is {dataset.SOPClassUID}"
        for name in ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]:
            if not dataset[name].value.is_valid:
                yield f"{name} is {dataset[name].value}"
        if "PixelData" in dataset:
            yield from pixel_complaints(dataset)
        elif dataset.Modality != "SR":
            yield "no pixel data"
    except Exception as error:
        yield f"unreadable: {type(error).__name__}: {error}".replace("\n", " ")


def main():
    for path in sys.argv[1:]:
        for text in complaints(path):
            print(path, text, sep="\t")


main()

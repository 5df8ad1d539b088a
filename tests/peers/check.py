"""Checks stored files with pydicom.

Usage: check.py VERSION_NAME_PREFIX < table

The table has one line a file, tab separated: path, SOP class UID, SOP instance UID, transfer syntax
UID, source AE title, bytes of the data set. Prints one line a complaint: the path, a tab, the text.
Every value of the file meta information is compared, and the whole data set is walked through.
"""

import os
import sys

from pydicom import dcmread

# Preamble, prefix, and the group length element itself (PS3.10 7.1).
BEFORE_GROUP = 128 + 4 + 12

ELEMENTS = [
    "FileMetaInformationGroupLength",
    "FileMetaInformationVersion",
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "ImplementationClassUID",
    "ImplementationVersionName",
    "SourceApplicationEntityTitle",
]


def meta_complaints(meta, row, version_prefix):
    """What is wrong with the file meta information."""
    path, sop_class, instance, syntax, source, data_bytes = row
    names = [element.keyword for element in meta]
    if names != ELEMENTS:
        yield f"elements {names}"
        return
    group_length = os.path.getsize(path) - int(data_bytes) - BEFORE_GROUP
    for name, expected in [
        ("FileMetaInformationGroupLength", group_length),
        ("FileMetaInformationVersion", b"\0\1"),
        ("MediaStorageSOPClassUID", sop_class),
        ("MediaStorageSOPInstanceUID", instance),
        ("TransferSyntaxUID", syntax),
        ("SourceApplicationEntityTitle", source),
    ]:
        if meta[name].value != expected:
            yield f"{name} is {meta[name].value!r}, not {expected!r}"
    if not meta.ImplementationClassUID.is_valid:
        yield f"ImplementationClassUID is {meta.ImplementationClassUID!r}"
    name = meta.ImplementationVersionName
    if not name.startswith(version_prefix) or len(name) > 16:
        yield f"ImplementationVersionName is {name!r}"


def complaints(row, version_prefix):
    """What is wrong with one file."""
    path = row[0]
    with open(path, "rb") as file:
        if file.read(132) != bytes(128) + b"DICM":
            yield "no empty preamble with prefix"
    try:
        dataset = dcmread(path)
        yield from meta_complaints(dataset.file_meta, row, version_prefix)
        for _ in dataset.iterall():
            pass
    except Exception as error:
        yield f"unreadable: {type(error).__name__}: {error}".replace("\n", " ")


def main():
    for line in sys.stdin:
        row = line.rstrip("\n").split("\t")
        for text in complaints(row, sys.argv[1]):
            print(row[0], text, sep="\t")


main()

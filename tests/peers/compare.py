"""Compares data sets, however they are encoded.

Usage: compare.py < table

The table has one line a pair: two paths, tab separated. Prints one line a difference: both paths, a
tab, the text. Not compared are the file meta information, group lengths (retired, PS3.5 7.2) and
Data Set Trailing Padding, which a sender may drop, and value representations where one side does not
say them (implicit VR, or UN).
"""

import sys
import warnings

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

warnings.simplefilter("ignore")
config.settings.reading_validation_mode = config.IGNORE

PADDING = Tag(0xFFFC, 0xFFFC)


def tags(dataset):
    """The elements that count."""
    return [tag for tag in dataset.keys() if tag.element != 0 and tag != PADDING]


def value_bytes(value):
    """A value as it stands in little endian, without what pads it."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).rstrip(b"\0 ")
    return value


def differences(a, b, place=""):
    """What is different in two data sets."""
    if tags(a) != tags(b):
        one, other = set(tags(a)), set(tags(b))
        yield f"{place}only in the first {sorted(one - other)}, only in the second {sorted(other - one)}"
        return
    for tag in tags(a):
        one, other = element(a, tag), element(b, tag)
        where = f"{place}{tag}"
        if one.VR == "SQ" and other.VR == "SQ":
            if len(one.value) != len(other.value):
                yield f"{where}: {len(one.value)} and {len(other.value)} items"
                continue
            for number, (x, y) in enumerate(zip(one.value, other.value)):
                yield from differences(x, y, f"{where}[{number}].")
        elif not same(one, other):
            yield f"{where} {one.VR}/{other.VR}: {one.value!r:.80} and {other.value!r:.80}"


def element(dataset, tag):
    """An element, or what is left of it where pydicom cannot make sense of its value."""
    try:
        return dataset[tag]
    except Exception:
        raw = dataset.get_item(tag)
        assert isinstance(raw, RawDataElement)
        return raw


def same(one, other):
    """Whether two values are equal, as far as both say what they are."""
    x, y = value_bytes(one.value), value_bytes(other.value)
    if x == y or (x in (None, b"", "") and y in (None, b"", "")):
        return True
    if "UN" in (one.VR, other.VR) or {one.VR, other.VR} <= {"OB", "OW"}:
        return isinstance(x, bytes) and isinstance(y, bytes) and x == y
    return str(x).rstrip(" \0") == str(y).rstrip(" \0")


def main():
    for line in sys.stdin:
        paths = line.rstrip("\n").split("\t")
        try:
            one, other = (dcmread(path, force=True) for path in paths)
            found = list(differences(one, other))
        except Exception as error:
            found = [f"unreadable: {type(error).__name__}: {error}".replace("\n", " ")]
        for text in found:
            print(*paths, text, sep="\t")


main()

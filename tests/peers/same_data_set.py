"""Compares files element by element with pydicom.

Usage: same_data_set.py < table

The table has one line a pair, tab separated: the file of the reference (DCMTK's, or the original) and
ours, in the same transfer syntax. Prints one line a complaint: our path, a tab, the text. Compared are
tags, VRs and the bytes of every value. Allowed to differ is what the standard leaves open:

- group lengths and trailing padding, of data sets and of texts, which say nothing;
- how lengths of sequences are given;
- VRs of elements that the standard doesn't know (DCMTK has a dictionary of private ones);
- US or SS, and OB or OW, where PS3.6 names both.
"""

import io
import sys

from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_sequence

# How many bytes of a number change places with the byte order.
UNITS = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4}
UNITS |= {"FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8}

# Representations whose values may end in blanks.
TEXTS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"}


def is_compared(tag):
    return tag.element != 0 and tag != 0xFFFCFFFC


def standard_vr(tag):
    try:
        return dictionary_VR(tag)
    except KeyError:
        return None


def items(dataset, tag):
    """The items of a sequence; None if this is none, or if it looks like a plain value."""
    raw = dataset.get_item(tag)
    if isinstance(raw, RawDataElement) and raw.VR not in ("SQ", None):
        return None
    element = dataset[tag]
    return element.value if element.VR == "SQ" else None


def hidden_items(dataset, tag):
    """The items of a private sequence that is given as a value, implicit little endian."""
    value = dataset[tag].value
    if written_vr(dataset, tag) not in ("UN", None) or not isinstance(value, bytes):
        return None
    return read_sequence(io.BytesIO(value), True, True, len(value), "iso8859")


def raw_value(dataset, tag):
    """The bytes of a value; what pydicom made of them if it had to look at it already."""
    return dataset.get_item(tag).value


def written_vr(dataset, tag):
    return getattr(dataset.get_item(tag), "VR", None)


def little_endian(value, vr):
    unit = UNITS.get(vr, 1)
    return b"".join(value[at : at + unit][::-1] for at in range(0, len(value), unit))


def unpadded(value, vr):
    """A text without the blanks behind it, which are not significant (PS3.5 6.2)."""
    return value.rstrip(b" ") if vr in TEXTS and isinstance(value, bytes) else value


def element_complaints(where, theirs, ours, tag, is_little):
    their_items, our_items = items(theirs, tag), items(ours, tag)
    their_vr, our_vr = written_vr(theirs, tag), written_vr(ours, tag)
    if their_items is not None and our_items is None:
        our_items = hidden_items(ours, tag)
    if our_items is not None and their_items is None:
        their_items = hidden_items(theirs, tag)
    if their_items is not None or our_items is not None:
        if our_items is None or their_items is None or len(their_items) != len(our_items):
            yield f"{where}: {tag} {their_items} is {our_items}"
            return
        for index, pair in enumerate(zip(their_items, our_items)):
            yield from complaints(f"{where}{tag}[{index}] ", *pair, is_little)
        return
    their_value, our_value = raw_value(theirs, tag), raw_value(ours, tag)
    if not isinstance(their_value, bytes) or not isinstance(our_value, bytes):
        their_value, our_value = theirs[tag].value, ours[tag].value
    if our_vr != their_vr:
        standard = standard_vr(tag)
        if standard is None and our_vr == "UN":
            their_value = their_value if is_little else little_endian(their_value, their_vr)
        elif our_vr not in str(standard).split(" or ") or their_vr not in str(standard):
            yield f"{where}{tag} has VR {our_vr}, not {their_vr}"
    if unpadded(our_value, our_vr) != unpadded(their_value, their_vr):
        yield f"{where}{tag} {our_vr} is {our_value[:80]!r}, not {their_value[:80]!r}"


def complaints(where, theirs, ours, is_little):
    """How two data sets differ."""
    tags = [tag for tag in theirs.keys() if is_compared(tag)]
    our_tags = [tag for tag in ours.keys() if is_compared(tag)]
    if tags != our_tags:
        yield f"{where}elements {our_tags}, not {tags}"
        return
    for tag in tags:
        yield from element_complaints(where, theirs, ours, tag, is_little)


def main():
    for line in sys.stdin:
        their_path, our_path = line.rstrip("\n").split("\t")
        try:
            theirs, ours = dcmread(their_path), dcmread(our_path)
            is_little = ours.original_encoding[1]
            for text in complaints("", theirs, ours, is_little):
                print(f"{our_path}\t{text}")
        except Exception as error:  # each is a complaint about one pair
            print(f"{our_path}\t{type(error).__name__}: {error}")


main()

"""Sends DICOM files with pynetdicom, all in one association.

Usage: send.py PORT CALLING_AE_TITLE < list of paths, one a line

Each data set leaves byte for byte as it stands in its file (pynetdicom's chunked sending). Prints
one line a file: its number in the list, a tab, and `0xNNNN` or the reason why it was not sent.
"""

import sys

from pydicom import dcmread
from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

# Sends straight from the file, without decoding and encoding the data set.
_config.STORE_SEND_CHUNKED_DATASET = True

CONTEXTS_MAX = 128


def pairs(paths):
    """The SOP class and transfer syntax of each file, as far as it says."""
    found = {}
    for path in paths:
        meta = dcmread(path, stop_before_pixels=True, specific_tags=[]).file_meta
        pair = (meta.get("MediaStorageSOPClassUID"), meta.get("TransferSyntaxUID"))
        if all(pair):
            found[pair] = True
    return list(found)


def main():
    port, calling = int(sys.argv[1]), sys.argv[2]
    paths = sys.stdin.read().splitlines()
    entity = AE(ae_title=calling)
    contexts = pairs(paths)
    assert len(contexts) <= CONTEXTS_MAX, f"{len(contexts)} contexts do not fit one association"
    # One context a pair, so that the acceptor's choice cannot hide the file's own syntax.
    entity.requested_contexts = [build_context(*pair) for pair in contexts]
    association = entity.associate("127.0.0.1", port)
    assert association.is_established, "no association"
    for number, path in enumerate(paths):
        print(number, outcome(association, path), sep="\t", flush=True)
    association.release()


def outcome(association, path):
    """The status of one file, or the sender's own reason not to send it."""
    try:
        status = association.send_c_store(path)
    except Exception as error:  # whatever the toolkit refuses with is its reason
        return f"{type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")
    return f"0x{status.Status:04X}" if "Status" in status else "no response"


main()

"""Receives with pynetdicom and stores every data set as it came, byte for byte.

Usage: receive.py DIRECTORY PORT

Accepts every class and every transfer syntax. Files are numbered.
"""

import itertools
import os
import sys

from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, _config, evt

# Classes that pynetdicom does not know are taken for storage classes.
_config.UNRESTRICTED_STORAGE_SERVICE = True

numbers = itertools.count(1)


def store(event, directory):
    """Writes an object under a name that it gets when it is whole."""
    path = os.path.join(directory, f"{next(numbers):06}")
    with open(path + ".part", "wb") as file:
        # With preamble and file meta information in front of the bytes that came.
        file.write(event.encoded_dataset())
    os.rename(path + ".part", path + ".dcm")
    return 0x0000


def main():
    directory, port = sys.argv[1], int(sys.argv[2])
    entity = AE(ae_title="PYNETDICOM")
    entity.maximum_pdu_size = 0
    # More than the ten that it is content with.
    entity.maximum_associations = 1000
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
    handlers = [(evt.EVT_C_STORE, store, [directory])]
    entity.start_server(("127.0.0.1", port), block=True, evt_handlers=handlers)


main()

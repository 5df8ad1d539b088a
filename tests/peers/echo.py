"""Verifies a connection with pynetdicom. Usage: echo.py PORT; exit status 0 when it is answered."""

import sys

from pynetdicom import AE

entity = AE(ae_title="PYNETDICOM")
entity.add_requested_context("1.2.840.10008.1.1")
association = entity.associate("127.0.0.1", int(sys.argv[1]))
assert association.is_established, "no association"
status = association.send_c_echo()
association.release()
assert status.Status == 0, status

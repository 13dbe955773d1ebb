"""Write IDL save files for tests, following the public description of the format; otherwise only IDL writes them."""

import struct

import numpy as np


def save_file(variables):
    """An IDL save file of arrays of doubles and of strings."""

    def text(value):
        return struct.pack(">i", len(value)) + value + b"\0" * (-len(value) % 4)

    content = b"SR\0\4"
    for name, value in variables.items():
        body = text(name.upper().encode())
        if isinstance(value, str):
            body += struct.pack(">iii", 7, 0, 7) + struct.pack(">i", len(value)) + text(value.encode())
        else:
            value = np.asarray(value, ">f8")
            body += struct.pack(">ii", 5, 4)
            body += struct.pack(">iiiiiiii", 8, 0, value.nbytes, value.size, 1, 0, 0, 8)
            body += struct.pack(">8i", value.size, *[1] * 7) + struct.pack(">i", 7) + value.tobytes()
        content += struct.pack(">iIII", 2, len(content) + 16 + len(body), 0, 0) + body
    return content + struct.pack(">iIII", 6, len(content) + 16, 0, 0)

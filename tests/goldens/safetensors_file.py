"""safetensors_file: writes and reads safetensors files (u64 header size, JSON header, tensors)."""
import json

import numpy as np

DTYPES = {'float64': 'F64', 'float32': 'F32', 'uint8': 'U8'}


def write(path, tensors, metadata):
    """`tensors`: name -> array; `metadata`: string by string. The widest types come first, so that
    each tensor is aligned to its element. The same input gives the same bytes."""
    header, arrays, offset = {'__metadata__': dict(sorted(metadata.items()))}, [], 0
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        array = np.array(array, dtype=array.dtype.newbyteorder('<'), order='C')
        header[name] = {'dtype': DTYPES[array.dtype.name], 'shape': list(array.shape),
                        'data_offsets': [offset, offset + array.nbytes]}
        offset += array.nbytes
        arrays.append(array)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        for array in arrays:
            file.write(array.tobytes())


def read(path):
    """The arrays of a file by name."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], 'little')
    types, arrays = {code: name for name, code in DTYPES.items()}, {}
    for name, entry in json.loads(data[8:begin]).items():
        if name != '__metadata__':
            first, last = entry['data_offsets']
            array = np.frombuffer(data[begin + first:begin + last], types[entry['dtype']])
            arrays[name] = array.reshape(entry['shape'])
    return arrays

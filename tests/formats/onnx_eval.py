"""onnx_eval: reads an ONNX model and computes it with NumPy, in float64.

Written from the specification (onnx.proto; operators at operator set 13) and only for what the
exported generators use: any other field that matters, operator or attribute is an error.
"""
import struct

import numpy as np


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """number -> list of values, in order: integers, 4 bytes, or bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            assert at + size <= len(data), 'a field ends behind its message'
            value, at = data[at:at + size], at + size
        elif wire == 5:
            value, at = data[at:at + 4], at + 4
        else:
            raise ValueError(f'wire type {wire}')
        found.setdefault(number, []).append(value)
    return found


def signed(value):
    return value - 2 ** 64 if value >= 2 ** 63 else value


def tensor(data):
    f = fields(data)
    dtype = {1: np.float32, 7: np.int64}[f[2][0]]
    return f[8][0].decode(), np.frombuffer(f[9][0], dtype).reshape([int(d) for d in f.get(1, [])])


def attribute(data):
    f = fields(data)
    kind = f[20][0]
    value = {1: lambda: struct.unpack('<f', f[2][0])[0], 2: lambda: signed(f[3][0]),
             3: lambda: f[4][0].decode(), 7: lambda: [signed(v) for v in f[8]]}[kind]()
    return f[1][0].decode(), value


def value_info(data):
    f = fields(data)
    tensor_type = fields(fields(f[2][0])[1][0])
    assert tensor_type[1] == [1], 'inputs and outputs are floats'
    shape = []
    for dimension in fields(tensor_type[2][0])[1]:
        d = fields(dimension)
        shape.append(d[1][0] if 1 in d else d[2][0].decode())
    return f[1][0].decode(), shape


class Node:
    def __init__(self, data):
        f = fields(data)
        self.inputs = [i.decode() for i in f.get(1, [])]
        self.output, = [o.decode() for o in f[2]]
        self.op = f[4][0].decode()
        self.attributes = dict(attribute(a) for a in f.get(5, []))


class Model:
    def __init__(self, path):
        with open(path, 'rb') as file:
            f = fields(file.read())
        assert f[1][0] >= 3 and fields(f[8][0]) == {1: [b''], 2: [13]}, 'operator set 13'
        g = fields(f[7][0])
        self.nodes = [Node(n) for n in g[1]]
        self.constants = dict(tensor(t) for t in g[5])
        self.inputs = dict(value_info(i) for i in g[11])
        self.outputs = dict(value_info(o) for o in g[12])
        self.metadata = {k.decode(): v.decode() for k, v in
                         ((fields(m)[1][0], fields(m)[2][0]) for m in f.get(14, []))}

    def run(self, feeds):
        """Inputs by name -> outputs by name."""
        assert set(feeds) == set(self.inputs)
        values = {name: v.astype(np.float64) if v.dtype == np.float32 else v
                  for name, v in {**self.constants, **feeds}.items()}
        for node in self.nodes:
            inputs = [values[i] if i else None for i in node.inputs]
            assert node.output not in values, f'{node.output} is made twice'
            values[node.output] = OPERATORS[node.op](*inputs, **node.attributes)
        return {name: values[name] for name in self.outputs}


def conv(x, w, b, kernel_shape, pads):
    assert list(w.shape[2:]) == kernel_shape and len(set(pads)) == 1
    size, pad = kernel_shape[0], pads[0]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = x.shape[2] - size + 1, x.shape[3] - size + 1
    y = sum(np.einsum('nchw,kc->nkhw', x[:, :, r:r + rows, s:s + columns], w[:, :, r, s])
            for r in range(size) for s in range(size))
    return y + b.reshape(1, -1, 1, 1)


def resize(x, roi, scales, coordinate_transformation_mode, mode, nearest_mode):
    assert roi is None and mode == 'nearest'
    assert coordinate_transformation_mode == 'asymmetric' and nearest_mode == 'floor'
    for axis, scale in enumerate(scales):
        index = np.floor(np.arange(int(x.shape[axis] * scale)) / scale).astype(int)
        x = np.take(x, index, axis)
    return x


OPERATORS = {
    'Add': lambda a, b: a + b,
    'Concat': lambda *x, axis: np.concatenate(x, axis),
    'Conv': conv,
    'Div': lambda a, b: a / b,
    'LeakyRelu': lambda x, alpha: np.where(x < 0, alpha * x, x),
    'MatMul': lambda a, b: a @ b,
    'Mul': lambda a, b: a * b,
    'ReduceMean': lambda x, axes, keepdims: x.mean(tuple(axes), keepdims=bool(keepdims)),
    'Reshape': lambda x, shape: x.reshape(shape),
    'Resize': resize,
    'Sqrt': np.sqrt,
    'Tanh': np.tanh,
}

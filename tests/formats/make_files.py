"""make_files.py: small weights files like those of the published programs, and hostile files.
Usage: make_files.py FOLDER. Exits with 77 without NumPy; writes PyTorch files only if PyTorch is
installed.

FOLDER/manifest.json lists each valid file with the tensors that a reader must find in it: by path,
shape and values. Files whose name begins with "hostile" must be rejected.
"""
import json
import os
import pickle
import struct
import sys
import types
import zipfile
import zlib

try:
    import numpy
except ImportError:
    sys.exit(77)

folder = sys.argv[1]
manifest = []


def path_of(name):
    return os.path.join(folder, name)


def values(name, *shape):
    """Values that differ between tensors and elements, exact in 16-bit floats."""
    count = int(numpy.prod(shape))
    first = zlib.crc32(name.encode()) % 64
    flat = (numpy.arange(count) % 97 + first) / 4 - 8
    return numpy.asarray(flat, dtype=numpy.float32).reshape(shape)


def expect(file, form, path, kind, tensors):
    """The value at `path` of the file is a state_dict, variables or param_values of the tensors."""
    listed = [{"name": name, "shape": list(array.shape),
               "values": numpy.asarray(array, dtype=numpy.float64).ravel().tolist()}
              for name, array in tensors]
    manifest.append({"file": file, "form": form, "path": path, "kind": kind, "tensors": listed})


def inert_class(module, name, base=object):
    """A class that pickles under another module's name."""
    made = type(name, (base,), {"__module__": module})
    for depth in range(1, module.count(".") + 2):
        part = ".".join(module.split(".")[:depth])
        sys.modules.setdefault(part, types.ModuleType(part))
    setattr(sys.modules[module], name, made)
    return made


def with_state(cls, **state):
    made = cls.__new__(cls)
    made.__dict__.update(state)
    return made


def tensorflow_networks():
    network = inert_class("tfutil", "Network")
    # TensorFlow returns the value of a scalar variable as a NumPy number.
    names = {"4x4/Dense/weight": (8, 64), "4x4/Dense/bias": (4,),
             "8x8/Conv0_up/weight": (3, 3, 4, 4), "ToRGB_lod0/weight": (1, 1, 4, 3)}
    variables = [(name, values(name, *shape)) for name, shape in names.items()]
    variables[2] = (variables[2][0], numpy.asfortranarray(variables[2][1]))
    variables.insert(0, ("lod", numpy.float32(2.25)))
    kwargs = {"num_channels": 3, "resolution": 8, "fmap_decay": 1.0, "use_wscale": True,
              "gain": numpy.float32(0.5), "size": numpy.int64(7), "label_size": 0, "dtype": None}
    networks = tuple(with_state(network, version=2, name=name, static_kwargs=kwargs,
                                build_module_src="def G(): pass\n", build_func_name="G_paper",
                                variables=variables) for name in ("G", "D", "Gs"))
    for protocol in (2, 3, 4, 5):
        file = f"tensorflow-{protocol}.pkl"
        with open(path_of(file), "wb") as out:
            pickle.dump(networks, out, protocol)
        expect(file, "pickle", [2, "variables"], "variables", variables)


class Python2Pickler(pickle._Pickler):
    """Writes strings and bytes as Python 2 strings, and names as in Python 2."""

    def save_string(self, text):
        data = text.encode("latin1") if isinstance(text, str) else text
        if len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(text)

    dispatch = dict(pickle._Pickler.dispatch)
    dispatch[str] = dispatch[bytes] = save_string


def theano_networks():
    network = inert_class("network", "Network")
    shapes = [(8, 4, 4, 4), (4,), (1,), (4, 4, 3, 3), (4,), (4, 3), (3,)]
    params = [values(f"param{i}", *shape) for i, shape in enumerate(shapes)]
    state = {"build_func_spec": {"func": "network.G_paper", "resolution": 8, "num_channels": 3},
             "param_values": params, "toplevel_params": {"cur_lod": numpy.float32(0.0)}}
    networks = tuple(with_state(network, **state) for _ in range(3))
    with open(path_of("theano.pkl"), "wb") as out:
        Python2Pickler(out, 2).dump(networks)
    expect("theano.pkl", "pickle", [2, "param_values"], "list",
           [(str(i), array) for i, array in enumerate(params)])


def torch_files():
    try:
        import torch
    except ImportError:
        return
    from collections import OrderedDict

    def state(shapes, dtype=torch.float32):
        return OrderedDict((name, torch.from_numpy(values(name, *shape)).to(dtype))
                           for name, shape in shapes.items())

    def save(content, stem, path, tensors):
        for legacy in (False, True):
            file = stem + ("-legacy.pt" if legacy else ".pt")
            torch.save(content, path_of(file), _use_new_zipfile_serialization=not legacy)
            form = "torch.save (before 1.6)" if legacy else "torch.save (zip)"
            expect(file, form, path, "state_dict",
                   [(name, tensor.detach().float().numpy()) for name, tensor in tensors.items()])

    config = with_state(inert_class("models.utils.config", "BaseConfig"), depthScale0=4,
                        depthOtherScales=[4, 2], alpha=0.0, latentVectorDim=8,
                        attribKeysOrder=None)
    zoo = state({"formatLayer.module.weight": (64, 8), "formatLayer.module.bias": (64,),
                 "groupScale0.0.module.weight": (4, 4, 3, 3),
                 "toRGBLayers.0.module.weight": (3, 4, 1, 1)})
    save({"config": config, "netG": zoo, "netD": zoo, "avgG": zoo, "tmp": {"iter": 3}}, "zoo",
         ["avgG"], zoo)

    akanimax = state({"layers.0.conv_1.weight": (8, 4, 4, 4), "layers.0.conv_1.bias": (4,),
                      "rgb_converters.0.weight": (3, 4, 1, 1)})
    adam = {"state": {0: {"step": 5, "exp_avg": torch.zeros(3)}},
            "param_groups": [{"lr": 0.003, "betas": (0.0, 0.99), "params": [0]}]}
    save({"generator": {"conf": {"depth": 3, "use_eql": True}, "state_dict": akanimax},
          "gen_optim": adam, "shadow_generator": akanimax}, "akanimax", ["shadow_generator"],
         akanimax)

    # A parameter shared under a second name, a transposed view, a slice, other element types.
    tutorial = state({"initial.1.weight": (4, 4, 4, 4), "rgb_layers.0.conv.weight": (3, 4, 1, 1)})
    tutorial["initial_rgb.conv.weight"] = tutorial["rgb_layers.0.conv.weight"]
    tutorial["transposed"] = torch.from_numpy(values("transposed", 5, 3)).t()
    tutorial["slice"] = torch.from_numpy(values("slice", 6, 4))[2:5, 1:3]
    tutorial["parameter"] = torch.nn.Parameter(torch.from_numpy(values("parameter", 3)))
    tutorial["half"] = torch.from_numpy(values("half", 3)).half()
    tutorial["bfloat16"] = torch.tensor([1.5, -2.0, 0.0]).bfloat16()
    tutorial["double"] = torch.from_numpy(values("double", 3)).double()
    tutorial["steps"] = torch.tensor(3)
    tutorial["mask"] = torch.tensor([True, False])
    save({"state_dict": tutorial, "optimizer": adam}, "tutorial", ["state_dict"], tutorial)

    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), path_of("hostile-module.pt"))


def safetensors():
    tensors = [(name, values(name, *shape)) for name, shape in
               {"a.weight": (2, 3, 4), "b": ()}.items()]
    tensors.append(("half", values("half", 4).astype(numpy.float16)))
    header, data = {"__metadata__": {"origin": "test"}}, b""
    for name, array in tensors:
        header[name] = {"dtype": "F16" if array.dtype == numpy.float16 else "F32",
                        "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path_of("plain.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)
    expect("plain.safetensors", "safetensors", [], "tensors", tensors)


class Executes:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def hostile_files():
    """Each would run a command if opened with Python's pickle."""
    command = "touch " + path_of("EXECUTED")
    python = f"__import__('os').system('{command}')"
    calls = {"system": (os.system, command), "eval": (eval, python), "exec": (exec, python)}
    for name, call in calls.items():
        for protocol in (2, 4):
            with open(path_of(f"hostile-{name}-{protocol}.pkl"), "wb") as out:
                pickle.dump((1, {"weights": Executes(*call)}), out, protocol)
        with zipfile.ZipFile(path_of(f"hostile-{name}.pt"), "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Executes(*call), 2))
    with zipfile.ZipFile(path_of("hostile-bomb.pt"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000_000))
    with open(path_of("hostile-nested.pkl"), "wb") as out:
        out.write(b"\x80\x02" + b"(" * 1_000_000 + b"t" * 1_000_000)  # no end


def main():
    tensorflow_networks()
    theano_networks()
    torch_files()
    safetensors()
    hostile_files()
    with open(path_of("manifest.json"), "w") as out:
        json.dump(manifest, out)


main()

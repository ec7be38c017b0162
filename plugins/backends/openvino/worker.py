"""epg-bench's OpenVINO worker: compiles the ONNX models it is sent for the CPU and runs them. It knows no model.

    python3 worker.py '{"threads": 2, "bfloat16": false}'

Frames go in at stdin and out at stdout: "EPGB", the length of a header (uint32), the header (JSON), then the bytes of
the tensors it lists as [name, element type, shape]; all little-endian. One frame tells what the worker is; from then
on every request has one answer, in order. A program's state stays here until it is read, written or let go.
Needs OpenVINO 2024.4 or newer and NumPy, which comes with it.
"""
import json
import os
import queue
import signal
import struct
import sys
import threading

# The process that started this one decides when it ends: it closes stdin.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
# Frames have pipes of their own: what a library prints goes to stderr, what it reads is nothing.
REQUESTS = os.fdopen(os.dup(0), "rb", buffering=0)
ANSWERS = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)

MAGIC = b"EPGB"
OLDEST = (2024, 4)


def write_all(data):
    view = memoryview(data).cast("B")
    while view:
        view = view[ANSWERS.write(view) :]


def send(header, arrays=()):
    """`arrays`: (name, array) pairs."""
    listed = [[name, str(array.dtype), list(array.shape)] for name, array in arrays]
    text = json.dumps({**header, "tensors": listed}).encode()
    write_all(MAGIC + struct.pack("<I", len(text)) + text)
    for _, array in arrays:
        write_all(array.reshape(-1).view("uint8"))


def refuse(problem, **facts):
    """Tells why nothing can be computed here, and ends."""
    send({"refused": problem, "python": sys.version.split()[0], **facts})
    sys.exit(1)


try:
    import numpy
    import openvino
    from openvino.passes import ConstantFolding, Manager
except ImportError as error:
    refuse("no openvino", found=str(error))
VERSION = getattr(openvino, "__version__", "0.0").split("-")[0]
if tuple(int(part) for part in VERSION.split(".")[:2]) < OLDEST:
    refuse("old openvino", found=VERSION)


def read_exactly(size):
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = REQUESTS.readinto(view)
        if not count:
            os._exit(0)  # whoever asked is gone: nothing that is under way is wanted
        view = view[count:]
    return buffer


def receive():
    magic, length = struct.unpack("<4sI", read_exactly(8))
    if magic != MAGIC:
        raise ValueError(f"a request began with {magic!r}")
    header = json.loads(read_exactly(length))
    arrays = {}
    for name, dtype, shape in header["tensors"]:
        count = 1
        for side in shape:
            count *= side
        size = numpy.dtype(dtype).itemsize * count
        arrays[name] = numpy.frombuffer(read_exactly(size), dtype).reshape(shape)
    return header, arrays


# ── Programs


def tensor_of(array):
    """In memory of OpenVINO's own, aligned as it likes it."""
    tensor = openvino.Tensor(openvino.Type(array.dtype), openvino.Shape(list(array.shape)))
    tensor.data[...] = array
    return tensor


def with_own_constants(model):
    """
    Gives every reader of a matrix a copy of its own. OpenVINO (2026.4 and before) finds what it has laid out for one
    product again by address and layout, so that W and its transpose, both square, were one and the same to it.
    """
    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(model)
    for node in model.get_ops():
        if node.get_type_name() == "Constant" and len(node.shape) > 1:
            for reader in list(node.output(0).get_target_inputs())[1:]:
                reader.replace_source_output(openvino.op.Constant(node.data.copy()).output(0))
    return model


class Training:
    """
    A model whose outputs `next:…` become its inputs `state:…`. State lives in two sets of tensors, and there is a
    request for either way between them: each reads one set and writes the other, so nothing is copied or bound anew.
    """

    def __init__(self, model, states, compiled):
        compiled = compiled(model)
        self.updated = [name for port in model.outputs for name in port.names if name.startswith("next:")]
        self.updated = [name.removeprefix("next:") for name in self.updated]
        self.current = {name: tensor_of(array) for name, array in states.items()}
        self.next = {**self.current, **{name: tensor_of(states[name]) for name in self.updated}}
        self.inputs = {}
        for port in model.inputs:
            name = port.any_name
            if not name.startswith("state:"):
                self.inputs[name] = openvino.Tensor(port.element_type, port.shape)
        self.forth = self.request(compiled, self.current, self.next)
        self.back = self.request(compiled, self.next, self.current)

    def request(self, compiled, before, after):
        request = compiled.create_infer_request()
        read = {name for port in compiled.inputs for name in port.names}
        for name, tensor in self.inputs.items():
            request.set_tensor(name, tensor)
        for name, tensor in before.items():
            if f"state:{name}" in read:  # else it is updated alone
                request.set_tensor(f"state:{name}", tensor)
        for name in self.updated:
            request.set_tensor(f"next:{name}", after[name])
        return request

    def run(self, inputs, outputs):
        for name, tensor in self.inputs.items():
            tensor.data[...] = inputs[name]
        self.forth.infer()
        results = [(name, self.forth.get_tensor(name).data) for name in outputs]
        self.current, self.next = self.next, self.current
        self.forth, self.back = self.back, self.forth
        return results

    def read(self, names):
        return [(name, self.current[name].data) for name in names]

    def write(self, arrays):
        for name, array in arrays.items():
            self.current[name].data[...] = array


class Frozen:
    """A model whose state nothing changes: constants, which OpenVINO lays out for its kernels."""

    def __init__(self, model, states, compiled):
        self.model, self.states, self.compiled = model, states, compiled
        self.bake()

    def bake(self):
        model = self.model.clone()
        for parameter in model.get_parameters():
            name = parameter.get_friendly_name()
            if name.startswith("state:"):
                constant = openvino.op.Constant(self.states[name.removeprefix("state:")], shared_memory=True)
                parameter.output(0).replace(constant.output(0))
                model.remove_parameter(parameter)
        self.request = self.compiled(model).create_infer_request()

    def run(self, inputs, outputs):
        for name, array in inputs.items():
            self.request.get_tensor(name).data[...] = array
        self.request.infer()
        return [(name, self.request.get_tensor(name).data) for name in outputs]

    def read(self, names):
        return [(name, self.states[name]) for name in names]

    def write(self, arrays):
        self.states.update(arrays)
        self.bake()


def program_of(header, arrays, threads, bfloat16):
    model = CORE.read_model(arrays["model"].tobytes(), b"")
    states = {name.removeprefix("state "): array for name, array in arrays.items() if name.startswith("state ")}
    trains = header["trains"]
    properties = {
        "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 and trains else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        # Adam's second moments begin denormal, which is slow and means nothing.
        "CPU_DENORMALS_OPTIMIZATION": True,
    }
    program = Training if trains else Frozen
    return program(model, states, lambda model: CORE.compile_model(with_own_constants(model), "CPU", properties))


# ── Requests


def main():
    global CORE
    settings = json.loads(sys.argv[1])
    CORE = openvino.Core()
    capabilities = CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if settings["bfloat16"] and "BF16" not in capabilities:
        refuse("no bfloat16", found=CORE.get_property("CPU", "FULL_DEVICE_NAME"))
    send({"python": sys.version.split()[0], "openvino": VERSION, "bfloat16": "BF16" in capabilities})
    requests = queue.Queue(1)
    # Apart, so that the end of stdin ends this process at once, whatever it computes.
    threading.Thread(target=lambda: receive_all(requests), daemon=True).start()
    programs, sent = {}, {}
    while True:
        header, arrays = requests.get()
        try:
            results = answer(header, arrays, programs, sent, settings)
            send({"peakMemoryBytes": peak_memory()}, results)
        except Exception as error:
            send({"error": f"{type(error).__name__}: {error}", "kind": "other"})


def receive_all(requests):
    try:
        while True:
            requests.put(receive())
    except Exception as error:
        print(f"no request: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def answer(header, arrays, programs, sent, settings):
    """Does one request; gives the arrays of its answer."""
    do, key = header["do"], header.get("program")
    if do == "compile":
        programs[key] = program_of(header, arrays, settings["threads"], settings["bfloat16"])
    elif do == "send":
        sent[key] = arrays
    elif do == "run":
        return programs[key].run(sent.pop(key) if header["sent"] else arrays, header["outputs"])
    elif do == "read":
        return programs[key].read(header["names"])
    elif do == "write":
        programs[key].write(arrays)
    elif do == "dispose":
        del programs[key]
    else:
        raise ValueError(f"unknown request {do!r}")
    return []


def peak_memory():
    """Most bytes of host memory this process has held; 0 where the system does not tell."""
    if not os.path.exists("/proc/self/status"):
        return 0
    with open("/proc/self/status") as status:
        return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    main()

"""epg-bench's PyTorch worker: builds the tensor programs it is sent and runs them. It knows no model.

    python3 worker.py '{"device": "auto", "threads": 2, "compile": true, "tf32": false}'

Frames go in at stdin and out at stdout: "EPGB", the length of a header (uint32), the header (JSON), then the bytes of
the tensors it lists as [name, element type, shape]; all little-endian. One frame tells what the worker is; from then
on every request has one answer, in order. A program's state stays here until it is read, written or let go.
Started by torchrun it is one rank of several: the first hears the requests and answers, and tells the others what they need.
Needs PyTorch 2.4 or newer and nothing else.
"""
import ctypes
import importlib.util
import json
import os
import queue
import shutil
import signal
import struct
import sys
import sysconfig
import threading
import time
from datetime import timedelta

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
LOCAL_RANK, LOCAL_WORLD = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
# The process that started this one decides when it ends: it closes stdin. torchrun ends ranks by a signal.
signal.signal(signal.SIGINT, signal.SIG_IGN)
if "RANK" not in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
# Else threads spin for long between two operations: on cores that others use too, that made a step 14 times slower.
# To sleep at once made one 1.6 times slower on cores of its own: a tenth of GNU OpenMP's spinning is as good as all.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "30000")
# Read by cuBLAS as it starts: without it the same products may have other bits.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
# Frames have pipes of their own: what a library prints goes to stderr, what it reads is nothing.
REQUESTS = os.fdopen(os.dup(0), "rb", buffering=0)
ANSWERS = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)

MAGIC = b"EPGB"
OLDEST = (2, 4)


def write_all(data):
    view = memoryview(data).cast("B")
    while view:
        view = view[ANSWERS.write(view) :]


def send(header, tensors=()):
    """`tensors`: (name, tensor) pairs, in host memory."""
    listed = [[name, NAMES[tensor.dtype], list(tensor.shape)] for name, tensor in tensors]
    text = json.dumps({**header, "tensors": listed}).encode()
    write_all(MAGIC + struct.pack("<I", len(text)) + text)
    for _, tensor in tensors:
        write_all(memory_of(tensor))


def memory_of(tensor):
    return (ctypes.c_char * tensor.nbytes).from_address(tensor.data_ptr())


def refuse(problem, **facts):
    """Tells why nothing can be computed here, and ends."""
    if RANK > 0:
        print(f"rank {RANK}: {problem} {facts}", file=sys.stderr, flush=True)
        time.sleep(5)  # until the first has said so: torchrun ends all once one is gone
    else:
        send({"refused": problem, "python": sys.version.split()[0], **facts})
    sys.exit(1)


try:
    import torch
except ImportError as error:
    refuse("no torch", found=str(error))
if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST:
    refuse("old torch", found=torch.__version__)

import torch.distributed as dist  # noqa: E402
import torch.fx  # noqa: E402
from torch.nn import functional as F  # noqa: E402

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "int32": torch.int32, "bool": torch.bool}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
aten = torch.ops.aten


def read_exactly(size):
    buffer = bytearray(size)
    read_into(buffer)
    return buffer


def read_into(buffer):
    view = memoryview(buffer)
    while view:
        count = REQUESTS.readinto(view)
        if not count:
            os._exit(0 if WORLD == 1 else 1)  # whoever asked is gone: nothing that is under way is wanted
        view = view[count:]


def receive():
    magic, length = struct.unpack("<4sI", read_exactly(8))
    if magic != MAGIC:
        raise ValueError(f"a request began with {magic!r}")
    header = json.loads(read_exactly(length))
    tensors = {}
    # Out of pinned memory a GPU copies while it computes.
    pinned = DEVICE == "cuda" and header["do"] in ("run", "send")
    for name, dtype, shape in header["tensors"]:
        tensors[name] = torch.empty(shape, dtype=DTYPES[dtype], pin_memory=pinned)
        read_into(memory_of(tensors[name]))
    return header, tensors


# ── Operations: f(*inputs, **attributes), a tuple where there are several outputs. Inputs are proxies of torch.fx whose
# `shape` is that of the program's value.


def adamw_update(p, g, m, v, lr, correction1, correction2, beta1, beta2, epsilon, weightDecay):
    """arXiv:1711.05101 on moments kept as plain sums: harness/program/ops/optimizer.ts derives it."""
    m = torch.add(g, m, alpha=beta1)
    v = torch.addcmul(v * beta2, g, g)
    a = correction2 * (1 - beta2) ** 0.5
    rate = lr * correction1 * (1 - beta1) / a
    kept = p if weightDecay == 0 else p * (1 - lr * weightDecay)
    return kept - m * rate / (torch.sqrt(v) + epsilon / a), m, v


def has_flash_attention(q, v):
    """PyTorch's fused attention that gives back the logarithms of its sums, on the CPU for heads of one width."""
    return DEVICE == "cpu" and q.shape[-1] == v.shape[-1]


def attention(q, k, v, scale, read):
    if not read[1]:
        return F.scaled_dot_product_attention(q, k, v, scale=scale), None
    if has_flash_attention(q, v):
        results = aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, scale=scale)
        return results[0], results[1]
    scores = torch.matmul(q, k.mT).float() * scale
    return torch.matmul(torch.softmax(scores, -1).to(v.dtype), v), torch.logsumexp(scores, -1)


attention.told_what_is_read = True


def attention_gradient(g, q, k, v, o, sums, scale):
    if has_flash_attention(q, v):
        results = aten._scaled_dot_product_flash_attention_for_cpu_backward(
            g, q, k, v, o, sums, 0.0, False, scale=scale
        )
        return results[0], results[1], results[2]
    p = torch.exp(torch.matmul(q, k.mT).float() * scale - sums.unsqueeze(-1))
    pulls = torch.matmul(g, v.mT).float() - torch.sum(g.float() * o.float(), -1, True)
    slopes = (p * pulls * scale).to(q.dtype)
    return torch.matmul(slopes, k), torch.matmul(slopes.mT, q), torch.matmul(p.to(g.dtype).mT, g)


def average_pool2d(x, kernel, stride, padding):
    return F.avg_pool2d(x, kernel, stride, padding, count_include_pad=False)


def batch_norm(x, scale, bias, epsilon):
    both = torch.var_mean(x, 0, correction=0)
    variance, mean = both[0], both[1]
    return (x - mean) * (scale * torch.rsqrt(variance + epsilon)) + bias, mean, variance


def collective(name, *options):
    """Begun where it stands; whoever reads it waits for it, see `build`."""

    def begin(x, world):
        if world == 1:
            return x
        own = options if name == "all_reduce" else (*options, world)
        operation = getattr(torch.ops._c10d_functional, name)
        return x.tracer.create_proxy("call_function", operation, (x, *own, dist.group.WORLD.group_name), {})

    begin.is_collective = True
    return begin


def even(padding):
    """Left, right, top, bottom as what a convolution pads itself, or none where the sides differ."""
    left, right, top, bottom = padding
    return [top, left] if left == right and top == bottom else None


def conv2d(x, weight, bias=None, *, stride, padding, groups):
    own = even(padding)
    return F.conv2d(x if own else F.pad(x, padding), weight, bias, stride, own or 0, 1, groups)


def conv2d_input_gradient(g, weight, stride, padding, groups, shape):
    own = even(padding)
    left, right, top, bottom = (0, 0, 0, 0) if own else padding
    height, width = shape[2] + top + bottom, shape[3] + left + right
    like = g.new_empty([1]).expand([*shape[:2], height, width])
    options = [[stride, stride], own or [0, 0], [1, 1], False, [0, 0], groups, [True, False, False]]
    padded = aten.convolution_backward.default(g, like, weight, None, *options)[0]
    return padded if own else padded[:, :, top : height - bottom, left : width - right]


def conv2d_weight_gradient(x, g, stride, padding, groups, shape):
    own = even(padding)
    like = g.new_empty([1]).expand(shape)
    options = [[stride, stride], own or [0, 0], [1, 1], False, [0, 0], groups, [False, True, False]]
    return aten.convolution_backward.default(g, x if own else F.pad(x, padding), like, None, *options)[1]


def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels.long(), reduction="none")


def gather(table, indices):
    rows = torch.index_select(table, 0, indices.reshape([-1]))
    return rows.reshape([*indices.shape, *table.shape[1:]])


def layer_norm(x, scale, bias, epsilon):
    results = torch.native_layer_norm(x, x.shape[-1:], scale, bias, epsilon)
    return results[0], results[1], results[2]


def layer_norm_gradient(g, x, scale, mean, deviation, read):
    # The bias is not read: its gradient has the shape of the scale's.
    options = [x.shape[-1:], mean, deviation, scale, scale, read]
    results = aten.native_layer_norm_backward(g, x, *options)
    return results[0], results[1], results[2]


layer_norm_gradient.told_what_is_read = True


def matmul(a, b, transposeA, transposeB):
    return torch.matmul(a.mT if transposeA else a, b.mT if transposeB else b)


def own_rows(x, axis=0):
    return torch.chunk(x, WORLD, axis)[RANK]


def one_hot(indices, depth):
    options = {"dtype": torch.int32, "device": DEVICE}
    classes = indices.tracer.create_proxy("call_function", torch.arange, (depth,), options)
    return torch.eq(indices.unsqueeze(-1), classes).to(torch.float32)


def pad(x, axis, before, after):
    return F.pad(x, [0, 0] * (len(x.shape) - 1 - axis) + [before, after])


def cut(x, axis, start, end, step):
    return x[(slice(None),) * axis + (slice(start, end, step),)]


def ready(*inputs):
    """0, made of a number of each input, so that no compiler computes what reads it before them, or takes it for another."""
    firsts = torch.stack([x[(0,) * len(x.shape)] for x in inputs])
    return torch.sum(torch.lt(firsts, firsts).to(torch.float32))


def split(x, axis, sizes):
    parts = torch.split(x, sizes, axis)
    return tuple(parts[i] for i in range(len(sizes)))


OPS = {
    "abs": torch.abs,
    "adamwUpdate": adamw_update,
    "add": torch.add,
    "allGather": collective("all_gather_into_tensor"),
    "allReduce": collective("all_reduce", "sum"),
    "attention": attention,
    "attentionGradient": attention_gradient,
    "averagePool2d": average_pool2d,
    "batchNorm": batch_norm,
    "broadcast": lambda x, shape: x.expand(shape),
    "cast": lambda x, to: x.to(DTYPES[to]),
    "clip": lambda x, low, high: torch.clamp(x, float(low), float(high)),
    "concat": lambda *inputs, axis: torch.cat(inputs, axis),
    "constant": lambda data, dtype, shape: data,
    "conv2d": conv2d,
    "conv2dInputGradient": conv2d_input_gradient,
    "conv2dWeightGradient": conv2d_weight_gradient,
    "cos": torch.cos,
    "crossEntropy": cross_entropy,
    "div": torch.div,
    "equal": torch.eq,
    "erf": torch.erf,
    "exp": torch.exp,
    "floor": torch.floor,
    "gather": gather,
    "gelu": F.gelu,
    "geluGradient": lambda g, x: aten.gelu_backward(g, x),
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "geluTanhGradient": lambda g, x: aten.gelu_backward(g, x, approximate="tanh"),
    "greater": torch.gt,
    "greaterEqual": torch.ge,
    "groupNorm": lambda x, scale, bias, groups, epsilon: torch.group_norm(x, groups, scale, bias, epsilon),
    "layerNorm": layer_norm,
    "layerNormGradient": layer_norm_gradient,
    "linear": F.linear,
    "log": torch.log,
    "logSumExp": lambda x: torch.logsumexp(x, -1),
    "matmul": matmul,
    "max": lambda x, axes, keepDims: torch.amax(x, axes, keepDims),
    "maxPool2d": lambda x, kernel, stride, padding: F.max_pool2d(x, kernel, stride, padding),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mul": torch.mul,
    "neg": torch.neg,
    "oneHot": one_hot,
    "ownRows": lambda x, world: x if world == 1 else own_rows(x),
    "pad": pad,
    "pow": torch.pow,
    "ready": ready,
    "reduceScatter": collective("reduce_scatter_tensor", "sum"),
    "relu": torch.relu,
    "reshape": lambda x, shape: x.reshape(shape),
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "siluGradient": lambda g, x: aten.silu_backward(g, x),
    "sin": torch.sin,
    "slice": cut,
    "softmax": lambda x: torch.softmax(x, -1),
    "softmaxGradient": lambda g, y: aten._softmax_backward_data(g, y, -1, torch.float32),
    "split": split,
    "sqrt": torch.sqrt,
    "stopGradient": lambda x: x,
    "sub": torch.sub,
    "sum": lambda x, axes, keepDims: torch.sum(x, axes, keepDims),
    "tanh": torch.tanh,
    "transpose": lambda x, permutation: x.permute(permutation),
    "upsampleNearest": lambda x, factor: x.repeat_interleave(factor, 2).repeat_interleave(factor, 3),
    "where": torch.where,
}


# ── Programs


class Program:
    """One compiled program with its state, and a run of it. Of several ranks each holds its part of what is cut."""

    def __init__(self, spec, cut, tensors, compiled):
        self.spec = spec
        self.cut = cut
        self.state = {name: tensors[f"state {name}"].to(DEVICE) for name, _, _ in spec["states"]}
        self.given = []
        module = build(spec, tensors, compiled)
        self.step = torch.compile(module, dynamic=False) if compiled else module

    def take(self, inputs):
        self.given = [inputs[name].to(DEVICE, non_blocking=DEVICE == "cuda") for name, _, _ in self.spec["inputs"]]

    def run(self):
        given, self.given = self.given, []
        held = [self.state[name] for name, _, _ in self.spec["states"]]
        with torch.no_grad():
            results = self.step(*given, *held)
        outputs = [name for name, _ in self.spec["outputs"]]
        updated = [name for name, _ in self.spec["updates"]]
        self.state.update(zip(updated, results[len(outputs) :]))
        return list(zip(outputs, results))

    def read(self, names):
        return [(name, joined(self.state[name]) if name in self.cut["states"] else self.state[name]) for name in names]

    def write(self, tensors):
        self.state.update({name: tensor.to(DEVICE) for name, tensor in tensors.items()})


def is_uniform(data):
    """0 and −0 are two numbers."""
    first = data.flatten()[0]
    return bool(((data == first) & (torch.signbit(data) == torch.signbit(first))).all())


def build(spec, tensors, compiled):
    """A module of inputs, then states, to a tuple of outputs, then updates."""
    root, graph = torch.nn.Module(), torch.fx.Graph()
    tracer = torch.fx.proxy.GraphAppendingTracer(graph)
    values, begun = {}, set()

    def read(value):
        if value in begun:
            begun.remove(value)
            waited = tracer.create_proxy(
                "call_function", torch.ops._c10d_functional.wait_tensor, (values[value],), {}
            )
            bind(value, waited, values[value].shape)
        return values[value]

    def bind(value, proxy, shape):
        proxy.shape = tuple(shape)
        values[value] = proxy

    def constant(index):
        data = tensors[f"constant {index}"]
        if compiled and is_uniform(data):
            # Written into the kernels that read it.
            size = (list(data.shape), data.flatten()[0].item())
            return tracer.create_proxy("call_function", torch.full, size, {"dtype": data.dtype, "device": DEVICE})
        root.register_buffer(f"constant{index}", data.to(DEVICE))
        return tracer.create_proxy("get_attr", f"constant{index}", (), {})

    for i, (_, value, shape) in enumerate([*spec["inputs"], *spec["states"]]):
        bind(value, tracer.create_proxy("placeholder", f"x{i}", (), {}), shape)
    for name, inputs, attributes, outputs in spec["nodes"]:
        operation = OPS[name]
        if name == "constant":
            attributes = {**attributes, "data": constant(attributes["data"])}
        if hasattr(operation, "told_what_is_read"):
            attributes = {**attributes, "read": [read for _, _, read in outputs]}
        results = operation(*(read(value) for value in inputs), **attributes)
        for (value, shape, _), result in zip(outputs, results if isinstance(results, tuple) else [results]):
            if result is not None:
                bind(value, result, shape)
                if hasattr(operation, "is_collective") and attributes["world"] != 1:
                    begun.add(value)
    graph.output(tuple(read(value).node for _, value in [*spec["outputs"], *spec["updates"]]))
    return torch.fx.GraphModule(root, graph)


# ── Requests


def product(tensors):
    a = tensors["a"]
    return [("y", torch.matmul(a, tensors.get("b", a).mT))]


def main():
    global DEVICE
    settings = json.loads(sys.argv[1])
    here = devices()
    DEVICE = choose(settings["device"], here)
    if settings["tf32"] and (DEVICE != "cuda" or torch.cuda.get_device_capability() < (8, 0)):
        refuse("no tf32", found=describe(DEVICE))
    prepare(settings["threads"], settings["tf32"])
    if "RANK" in os.environ:
        join()
    lacking = lacking_of_compiler()
    if settings["compile"] and lacking:
        refuse("no compiler", found=lacking, torch=torch.__version__)
    facts = {"torch": torch.__version__, "cuda": torch.version.cuda, "python": sys.version.split()[0]}
    programs = {}
    if RANK > 0:
        follow(programs, settings["compile"])
    found = {"device": describe(DEVICE), "devices": here, "gpus": torch.cuda.device_count()}
    send({**facts, **found, "lacking": lacking, "ops": sorted(OPS)})
    requests = queue.Queue(1)
    # Apart, so that the end of stdin ends this process at once, whatever it computes.
    threading.Thread(target=lambda: receive_all(requests), daemon=True).start()
    while True:
        header, tensors = requests.get()
        began = time.perf_counter()
        try:
            if WORLD > 1:
                header, tensors = told(programs, header, tensors)
            results = answer(header, tensors, programs, settings["compile"])
            results = [(name, tensor.detach().to("cpu").contiguous()) for name, tensor in results]
            seconds = time.perf_counter() - began
            send({"peakMemoryBytes": sum(map(peak_memory, PIDS)), "seconds": seconds}, results)
        except Exception as error:
            fail(error)


def receive_all(requests):
    try:
        while True:
            requests.put(receive())
    except Exception as error:
        print(f"no request: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def answer(header, tensors, programs, compiled):
    """Does one request; gives the tensors of its answer."""
    do, key = header["do"], header.get("program")
    if do == "compile":
        programs[key] = Program(header["spec"], header["cut"], tensors, compiled)
    elif do == "send":
        programs[key].take(tensors)
    elif do == "run":
        if not header["sent"]:
            programs[key].take(tensors)
        return programs[key].run()
    elif do == "read":
        return programs[key].read(header["names"])
    elif do == "write":
        programs[key].write(tensors)
    elif do == "dispose":
        del programs[key]
    elif do == "product":
        return product(tensors)
    else:
        raise ValueError(f"unknown request {do!r}")
    return []


def peak_memory(pid):
    """Most bytes of host memory that process has held; 0 where the system does not tell."""
    if os.path.exists(f"/proc/{pid}/status"):
        with open(f"/proc/{pid}/status") as status:
            return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    if sys.platform != "darwin" or pid != os.getpid():
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fail(error):
    """Tells of a request that failed. Of several ranks the others wait in vain for one that did: all end."""
    if WORLD == 1:
        return send(failure(error))
    print(f"rank {RANK}: {failure(error)['error']}", file=sys.stderr, flush=True)
    if failure(error)["kind"] == "other":
        time.sleep(5)  # a rank that is gone is the reason, as a rule, and torchrun tells which
    elif RANK == 0:
        send(failure(error))
    os._exit(1)


def failure(error):
    kind = "other"
    if isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error):
        kind = "memory"
    elif type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        kind = "compiler"
    return {"error": f"{type(error).__name__}: {error}", "kind": kind, "deviceBytes": device_memory()}


def device_memory():
    """Bytes of memory the device has in all; 0 where that is not known."""
    if DEVICE == "cuda":
        return torch.cuda.get_device_properties(0).total_memory
    known = DEVICE == "cpu" and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {})
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if known else 0


# ── Ranks: processes that run one program together, each on its part of the batch

# Of the ranks on this machine.
PIDS = [os.getpid()]


def join():
    """Becomes one of the ranks. What the host sends goes over gloo, which knows host memory; the program has its own."""
    global CONTROL, PIDS
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    if DEVICE == "cuda":
        torch.cuda.set_device(LOCAL_RANK)
    # A rank that waits for the host waits as long as that takes; one whose peer is gone is told by its connection.
    long = timedelta(days=30)
    dist.init_process_group("nccl" if DEVICE == "cuda" else "gloo", timeout=long)
    CONTROL = dist.new_group(backend="gloo", timeout=long)
    pids = [torch.zeros(1, dtype=torch.int64) for _ in range(WORLD)]
    dist.all_gather(pids, torch.tensor([os.getpid()]), CONTROL)
    PIDS = [pid.item() for pid in pids[:LOCAL_WORLD]]


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def follow(programs, compiled):
    """What every rank but the first does."""
    if LOCAL_RANK == 0:  # of another machine, where nobody else hears that whoever asked is gone
        threading.Thread(target=read_exactly, args=(1,), daemon=True).start()
    while True:
        try:
            answer(*told(programs), programs, compiled)
        except Exception as error:
            fail(error)


def told(programs, header=None, tensors=None):
    """A request as it concerns this rank: the first has it, and each gets its part of every tensor that is cut."""
    text = b"" if header is None else json.dumps(header).encode()
    size = torch.tensor([len(text)])
    dist.broadcast(size, 0, CONTROL)
    data = bytearray(text or size.item())
    dist.broadcast(torch.frombuffer(data, dtype=torch.uint8), 0, CONTROL)
    header = json.loads(data)
    axes = axes_of(header, programs)
    return header, {
        name: part(tensors and tensors[name], DTYPES[dtype], shape, axes.get(name))
        for name, dtype, shape in header["tensors"]
    }


def axes_of(header, programs):
    """Along which axis a request's tensors are cut, by name."""
    if header["do"] == "compile":
        return {f"state {name}": 0 for name in header["cut"]["states"]}
    cut = programs[header["program"]].cut
    return cut["inputs"] if header["do"] in ("run", "send") else dict.fromkeys(cut["states"], 0)


def part(tensor, dtype, shape, axis):
    """This rank's part of a tensor that the first rank has, or all of it."""
    if axis is None:
        data = torch.empty(shape, dtype=dtype) if tensor is None else tensor.contiguous()
        dist.broadcast(bytes_of(data), 0, CONTROL)
        return data
    own = torch.empty([side // WORLD if i == axis else side for i, side in enumerate(shape)], dtype=dtype)
    parts = None if tensor is None else [bytes_of(one.contiguous()) for one in torch.chunk(tensor, WORLD, axis)]
    dist.scatter(bytes_of(own), parts, 0, CONTROL)
    return own


def bytes_of(tensor):
    return tensor.reshape(-1).view(torch.uint8)


def joined(own):
    """Of every rank's rows all of them, on the first rank."""
    own = own.to("cpu").contiguous()
    parts = [torch.empty_like(own) for _ in range(WORLD)] if RANK == 0 else None
    dist.gather(own, parts, 0, CONTROL)
    return torch.cat(parts) if RANK == 0 else own


# ── The device


def devices():
    """Those that are here, best first."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    return ["cuda"] * cuda + ["mps"] * mps + ["cpu"]


def choose(device, here):
    if device != "auto" and device not in here:
        refuse("no device", asked=device, found=here, torch=torch.__version__, cuda=torch.version.cuda)
    return here[0] if device == "auto" else device


def describe(device):
    return f"cuda ({torch.cuda.get_device_name()})" if device == "cuda" else device


def prepare(threads, tf32):
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    # Adam's second moments begin denormal, which is slow and means nothing.
    torch.set_flush_denormal(True)
    # float32 means float32 unless TF32 is asked for, and the same run the same bits.
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False


def lacking_of_compiler():
    """Of what torch.compile turns to beside PyTorch itself."""
    lacking = []
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(compiler.split()[0]) is None:
        lacking.append(f"the C++ compiler {compiler}")
    if not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        lacking.append("Python's headers (Python.h)")
    if DEVICE == "cuda" and importlib.util.find_spec("triton") is None:
        lacking.append("the Python package triton")
    return lacking


if __name__ == "__main__":
    main()

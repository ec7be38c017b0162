"""FID of two folders as pytorch-fid, torch-fidelity, clean-fid and dgm-eval themselves compute it, on the CPU.

Reads one JSON request a line from stdin, answers one a line on stdout:
{"state": FILE, "to": FILE}    writes the tensors of the first as the state dict that the tools load
{"tool": NAME, "samples": FOLDER, "reference": FOLDER, "weights": FILE, "threads": N}
                               -> {"values": {METRIC: value}}, or {"missing": why}
"dgm-eval" is not on PyPI: DGM_EVAL names a checkout of layer6ai-labs/dgm-eval.
"""
import contextlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

WORKERS = 2


def torchvision():
    """Its Python part is all that the tools use: where its compiled part does not load, two operators are declared."""
    import torch

    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision


def publish(weights):
    """Puts the weights where pytorch-fid and clean-fid look for a finished download."""
    home = tempfile.mkdtemp(prefix="epg-bench-torch-")
    os.environ["TORCH_HOME"] = home
    checkpoints = pathlib.Path(home, "hub", "checkpoints")
    checkpoints.mkdir(parents=True)
    (checkpoints / "pt_inception-2015-12-05-6726825d.pth").symlink_to(os.path.abspath(weights))
    return home


def pytorch_fid(samples, reference, weights):
    from pytorch_fid.fid_score import calculate_fid_given_paths

    home = publish(weights)
    value = calculate_fid_given_paths([samples, reference], 50, "cpu", 2048, WORKERS)
    shutil.rmtree(home)
    return {"fid": float(value)}


def torch_fidelity(samples, reference, weights):
    from torch_fidelity import calculate_metrics

    found = calculate_metrics(
        input1=samples, input2=reference, fid=True, cuda=False, cache=False, verbose=False,
        feature_extractor_weights_path=weights,
    )
    return {"fid": found["frechet_inception_distance"]}


def torch_fidelity_all(samples, reference, weights):
    """Its precision and recall by Inception, not by its default VGG."""
    from torch_fidelity import calculate_metrics

    count = min(len(os.listdir(folder)) for folder in (samples, reference))
    found = calculate_metrics(
        input1=samples, input2=reference, fid=True, isc=True, kid=True, prc=True, cuda=False, cache=False,
        verbose=False, feature_extractor="inception-v3-compat", feature_extractor_weights_path=weights,
        kid_subset_size=min(1000, count),
    )
    names = {
        "fid": "frechet_inception_distance", "is": "inception_score_mean", "kid": "kernel_inception_distance_mean",
        "precision": "precision", "recall": "recall",
    }
    return {ours: float(found[theirs]) for ours, theirs in names.items()}


def clean_fid(samples, reference, weights):
    """Its network is a TorchScript file of NVIDIA's: the same layers by torch-fidelity instead."""
    import torch
    from cleanfid.fid import compute_fid
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=weights)

    def features(x):
        # The extractor takes bytes, resizes and scales; what it does after that is the network.
        return network_after_scaling(network, (x - 128) / 128)

    value = compute_fid(
        samples, reference, mode="clean", device=torch.device("cpu"), num_workers=WORKERS,
        custom_feat_extractor=features, verbose=False,
    )
    return {"fid": float(value)}


def network_after_scaling(network, x):
    for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
                 "MaxPool_2", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d",
                 "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c", "AvgPool"):
        x = getattr(network, name)(x)
    return x.flatten(1)


def clean_fid_legacy_pytorch(samples, reference, weights):
    import torch
    from cleanfid.fid import compute_fid

    home = publish(weights)
    value = compute_fid(
        samples, reference, mode="legacy_pytorch", device=torch.device("cpu"), num_workers=WORKERS,
        use_dataparallel=False, verbose=False,
    )
    shutil.rmtree(home)
    return {"fid": float(value)}


def dgm_eval(samples, reference, weights):
    """Its own modules one by one: its packages import every network it knows."""
    import types

    root = os.environ.get("DGM_EVAL")
    if root is None:
        raise ModuleNotFoundError("DGM_EVAL names no checkout of layer6ai-labs/dgm-eval")
    for name in ("dgm_eval", "dgm_eval.models", "dgm_eval.metrics"):
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(root, *name.split("."))]
        sys.modules[name] = package
    # Its other networks are timm's.
    sys.modules.setdefault("timm", types.ModuleType("timm"))
    from dgm_eval.dataloaders import get_dataloader
    from dgm_eval.metrics.fd import compute_FD_with_reps
    from dgm_eval.metrics.mmd import compute_mmd
    from dgm_eval.metrics.prdc import compute_prdc
    from dgm_eval.models.inception import InceptionEncoder
    from dgm_eval.representations import get_representations

    home = publish(weights)
    network = InceptionEncoder()
    real, generated = (
        get_representations(network, get_dataloader(folder, 50000, 50, 0, network.transform), "cpu")
        for folder in (reference, samples)
    )
    shutil.rmtree(home)
    return {
        "fid": float(compute_FD_with_reps(real, generated)),
        "kid": float(compute_mmd(real, generated).mean()),
        **{name: float(value) for name, value in compute_prdc(real, generated, nearest_k=5).items()},
    }


TOOLS = {
    "pytorch-fid": pytorch_fid,
    "torch-fidelity": torch_fidelity,
    "torch-fidelity-all": torch_fidelity_all,
    "clean-fid": clean_fid,
    "clean-fid-legacy-pytorch": clean_fid_legacy_pytorch,
    "dgm-eval": dgm_eval,
}


def answer(request):
    import torch

    if "state" in request:
        from tensors import read_tensors

        torch.save(read_tensors(request["state"]), request["to"])
        return {}
    torch.set_num_threads(request["threads"])
    try:
        torchvision()
        with contextlib.redirect_stdout(sys.stderr):
            return {"values": TOOLS[request["tool"]](request["samples"], request["reference"], request["weights"])}
    except ModuleNotFoundError as error:
        return {"missing": str(error)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

"""Reads a JSON list of ONNX files, checks each with the onnx package and prints what is in it."""

import json
import sys

import onnx
from onnx import TensorProto, checker, numpy_helper, shape_inference


def types(values):
    return {
        v.name: [
            TensorProto.DataType.Name(v.type.tensor_type.elem_type),
            [d.dim_value for d in v.type.tensor_type.shape.dim],
        ]
        for v in values
    }


def summary(path):
    model = onnx.load(path)
    checker.check_model(model, full_check=True)
    declared = types(model.graph.output)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return {
        "inputs": types(model.graph.input),
        "outputs": declared,
        "inferred": types(inferred.graph.output),
        "initializers": {t.name: numpy_helper.to_array(t).tolist() for t in model.graph.initializer},
        "opsets": {o.domain: o.version for o in model.opset_import},
        "operators": sorted({n.op_type for n in model.graph.node}),
    }


print(json.dumps([summary(path) for path in json.load(sys.stdin)]))

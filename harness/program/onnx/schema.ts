/** The part of onnx.proto (ONNX 1.16, IR version 9) that programs are written in. */
import protobuf from "protobufjs";

const field = (type: string, id: number, rule?: "repeated") => ({ type, id, ...(rule ? { rule } : {}) });

const root = protobuf.Root.fromJSON({
  nested: {
    OperatorSetIdProto: { fields: { domain: field("string", 1), version: field("int64", 2) } },
    TensorProto: {
      fields: {
        dims: field("int64", 1, "repeated"),
        dataType: field("int32", 2),
        name: field("string", 8),
        rawData: field("bytes", 9),
        externalData: field("StringStringEntryProto", 13, "repeated"),
        dataLocation: field("int32", 14),
      },
    },
    StringStringEntryProto: { fields: { key: field("string", 1), value: field("string", 2) } },
    Dimension: { fields: { dimValue: field("int64", 1) } },
    TensorShapeProto: { fields: { dim: field("Dimension", 1, "repeated") } },
    TensorTypeProto: { fields: { elemType: field("int32", 1), shape: field("TensorShapeProto", 2) } },
    SequenceTypeProto: { fields: { elemType: field("TypeProto", 1) } },
    TypeProto: {
      fields: { tensorType: field("TensorTypeProto", 1), sequenceType: field("SequenceTypeProto", 4) },
    },
    ValueInfoProto: {
      fields: { name: field("string", 1), type: field("TypeProto", 2), docString: field("string", 3) },
    },
    AttributeProto: {
      fields: {
        name: field("string", 1),
        f: field("float", 2),
        i: field("int64", 3),
        s: field("bytes", 4),
        ints: field("int64", 8, "repeated"),
        type: field("int32", 20),
      },
    },
    NodeProto: {
      fields: {
        input: field("string", 1, "repeated"),
        output: field("string", 2, "repeated"),
        name: field("string", 3),
        opType: field("string", 4),
        attribute: field("AttributeProto", 5, "repeated"),
        domain: field("string", 7),
      },
    },
    GraphProto: {
      fields: {
        node: field("NodeProto", 1, "repeated"),
        name: field("string", 2),
        initializer: field("TensorProto", 5, "repeated"),
        input: field("ValueInfoProto", 11, "repeated"),
        output: field("ValueInfoProto", 12, "repeated"),
      },
    },
    ModelProto: {
      fields: {
        irVersion: field("int64", 1),
        producerName: field("string", 2),
        graph: field("GraphProto", 7),
        opsetImport: field("OperatorSetIdProto", 8, "repeated"),
        metadataProps: field("StringStringEntryProto", 14, "repeated"),
      },
    },
  },
});

/** The file `model.onnx`, from a plain object in the schema's field names. */
export function encodeModel(model: Record<string, unknown>): Uint8Array {
  const type = root.lookupType("ModelProto");
  return type.encode(type.create(model)).finish();
}

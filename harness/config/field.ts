import { type ZodType, z } from "zod";

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly default?: unknown;
}

/** What a schema says of one field: the keys it may hold, the constants it may be, whether it may be left out and for what. */
interface Field {
  readonly keys: readonly string[];
  readonly constants: readonly unknown[];
  readonly optional: boolean;
  readonly default: unknown;
}

/**
 * Looks up the field at `path` in a schema. Zod keeps that knowledge inside wrappers (defaults, unions,
 * optionals), its JSON schema lays it open. Where a union's branches are told apart by a constant, the
 * branch of `input` counts alone.
 */
export function fieldAt(schema: ZodType, path: readonly PropertyKey[], input: unknown): Field {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  let nodes = branches(root, input);
  let value = input;
  let fallback: unknown = root.default;
  let optional = false;
  for (const key of path) {
    value = child(value, key);
    const below = nodes.flatMap((node) => step(node, key));
    const owners = nodes.filter(({ properties }) => properties?.[String(key)] !== undefined);
    optional = owners.length > 0 && owners.every(({ required }) => !required?.includes(String(key)));
    fallback = below.find((node) => node.default !== undefined)?.default;
    nodes = below.flatMap((node) => branches(node, value));
  }
  return {
    keys: [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))],
    constants: nodes.flatMap((node) => (node.const === undefined ? [] : [node.const])),
    optional,
    default: fallback,
  };
}

/** The value at one key; undefined where there is none. */
export function child(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function step(node: JsonSchema, key: PropertyKey): JsonSchema[] {
  if (typeof key === "number") return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[String(key)];
  if (named !== undefined) return [named];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

function branches(node: JsonSchema, value: unknown): JsonSchema[] {
  const below = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  const meant = below.filter((branch) => agrees(branch, value));
  return [node, ...(meant.length > 0 ? meant : below).flatMap((branch) => branches(branch, value))];
}

const agrees = (node: JsonSchema, value: unknown): boolean =>
  Object.entries(node.properties ?? {}).every(
    ([key, { const: constant }]) => constant === undefined || child(value, key) === constant,
  );

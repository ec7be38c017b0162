/** Turns what zod found wrong into one `UserError`: the field, the value found, and what to write instead. */
import { type ZodError, type ZodType, z } from "zod";
import { UserError } from "../errors.ts";
import { nearest, suggestion } from "../suggest.ts";
import { child, fieldAt } from "./field.ts";

type Issue = ZodError["issues"][number];

/** What was checked, against what, and how the user knows it. */
interface Checked {
  readonly input: unknown;
  readonly schema: ZodType;
  /** The path of `input` itself: `["entries", "EPG", "options"]`. */
  readonly at: readonly string[];
  /** The file it stands in, or the flag it came from. */
  readonly source: string;
}

/** The first mistake, told for the user. */
export function userErrorFrom(error: ZodError, { input, schema, at, source }: Checked): UserError {
  const issue = plainest(error.issues[0]!);
  const field = `\`${fieldName([...at, ...issue.path])}\``;
  const known = fieldAt(schema, issue.path, input);
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const unknown = fieldName([...at, ...issue.path, key]);
    return new UserError(`unknown key \`${unknown}\` in ${source}`, suggestion(key, known.keys));
  }
  const value = issue.path.reduce(child, input);
  const what = tellsNothing(known.default) ? "" : ` for the default, ${shown(known.default)}`;
  const drop = known.optional || known.default !== undefined ? `, or drop it${what}` : "";
  if (saysItself(issue, value)) {
    if (issue.code === "invalid_type" && value === undefined)
      return new UserError(`${field} is missing in ${source}: ${issue.message}`, `set ${field}`);
    const isTold = value === undefined || issue.message.includes(`(${shown(value)})`);
    const got = isTold ? "" : `, got ${shown(value)}`;
    return new UserError(`${field} in ${source}: ${issue.message}${got}`, `change ${field}${drop}`);
  }
  const wanted = expectation(issue, known.constants, issue.path.length === 0 ? [] : known.keys);
  const near = typeof value === "string" ? nearest(value, wanted.words) : undefined;
  return new UserError(
    value === undefined
      ? `${field} is missing in ${source}`
      : `${field} must be ${wanted.text}, got ${shown(value)} in ${source}`,
    `${near === undefined ? `set it to ${wanted.text}` : `did you mean "${near}"?`}${drop}`,
  );
}

/** `entries["EPG, Heun 16"].options.size`. */
export function fieldName(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /^[A-Za-z_$][\w$]*$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
  });
  return parts.join("").replace(/^\./, "") || "the config";
}

/** A default of null, or of an object's own defaults, is derived, from the size say. */
const tellsNothing = (fallback: unknown): boolean =>
  (fallback ?? null) === null || (typeof fallback === "object" && Object.keys(fallback!).length === 0);

/** A value on one line, cut where it is long. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** Whether the schema's author wrote the message, rather than zod. */
const saysItself = (issue: Issue, input: unknown): boolean => issue.message !== usualMessage(issue, input);

function usualMessage(issue: Issue, input?: unknown): string {
  const usual = z.locales.en().localeError({ ...issue, input } as never);
  return (typeof usual === "string" ? usual : usual?.message) ?? "";
}

/** Completes "must be …"; `words` are the texts that would have done. */
interface Expectation {
  readonly text: string;
  readonly words: readonly string[];
}

function expectation(issue: Issue, constants: readonly unknown[], keys: readonly string[] = []): Expectation {
  if (issue.code === "invalid_value") return oneOf(issue.values);
  if (issue.code === "invalid_type" && issue.expected === "object" && keys.length > 0)
    return { text: `an object { ${keys.join(", ")} }`, words: [] };
  if (issue.code !== "invalid_union") return { text: quantity(issue), words: [] };
  if (issue.errors.length === 0) return oneOf(constants);
  const inside = issue.errors.map((branch) => expectation(branch[0]!, []));
  return {
    text: [...new Set(inside.map(({ text }) => text))].join(" or "),
    words: inside.flatMap(({ words }) => words),
  };
}

const oneOf = (values: readonly unknown[]): Expectation => ({
  text: values.length === 1 ? shown(values[0]) : `one of ${values.map(shown).join(", ")}`,
  words: values.filter((value) => typeof value === "string"),
});

function quantity(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? `a ${issue.expected}`;
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    default:
      return `valid (${issue.message})`;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: "a whole number",
  object: "an object",
  record: "an object",
  array: "a list",
  tuple: "a list",
};

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === "string") return `a text of ${relation} ${limit} characters`;
  if (origin === "array") return `a list of ${relation} ${limit} elements`;
  return `${relation} ${limit}`;
}

/** A union reports on every branch: what matters is the mistake in the branch that was meant. */
function plainest(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const near = issue.errors.filter(
    ([first]) => first!.path.length > 0 || first!.code === "unrecognized_keys",
  );
  const tags = near.map((branch) => branch.find((found) => found.code === "invalid_value"));
  const meant = near.filter((_, index) => tags[index] === undefined).sort((a, b) => depth(b) - depth(a))[0];
  if (meant !== undefined) return plainest(below(issue, meant[0]!));
  const [tag] = tags;
  if (tag === undefined || tags.some((other) => fieldName(other!.path) !== fieldName(tag.path))) return issue;
  const any = { ...tag, values: tags.flatMap((other) => other!.values) };
  return below(issue, { ...any, message: usualMessage(any) });
}

const depth = (branch: readonly Issue[]): number => Math.max(...branch.map(({ path }) => path.length));

const below = (union: Issue, inside: Issue): Issue => ({ ...inside, path: [...union.path, ...inside.path] });

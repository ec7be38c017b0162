/** How gates are written, in a config and in a baseline file: `{ kid: ["error", { maxWorse: "5%" }] }`. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { METRIC_FAMILIES } from "../result.ts";
import { suggestion } from "../suggest.ts";

const RULE_KEYS = ["maxWorse", "equal", "max", "min"];
const RULE_EXAMPLE = `{ maxWorse: "5%" }, { equal: true }, { max: 3.5 } or { min: 0.9 }`;

const percentageProblem = ({ input }: { input?: unknown }): string =>
  `maxWorse must be a percentage such as "5%", got ${JSON.stringify(input)}`;

/** A union's own message names every branch; this one names the mistake. */
function ruleProblem(input: unknown): string {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    return `must be ${RULE_EXAMPLE}, got ${JSON.stringify(input)}`;
  const unknown = Object.keys(input).find((key) => !RULE_KEYS.includes(key));
  if (unknown !== undefined) return `has the unknown key "${unknown}"; ${suggestion(unknown, RULE_KEYS)}`;
  if (Object.keys(input).length !== 1) return `must have exactly one key: ${RULE_EXAMPLE}`;
  if ("maxWorse" in input) return percentageProblem({ input: input.maxWorse });
  return `must be ${RULE_EXAMPLE}, got ${JSON.stringify(input)}`;
}

const ruleSchema = z.union(
  [
    /** At most this much worse than the baseline, relative to it, in the metric's own direction. */
    z.strictObject({ maxWorse: z.string().regex(/^\d{1,6}(\.\d{1,6})?%$/, { error: percentageProblem }) }),
    /** Exactly the baseline's value. */
    z.strictObject({ equal: z.literal(true) }),
    /** Absolute targets: they need no baseline. */
    z.strictObject({ max: z.number() }),
    z.strictObject({ min: z.number() }),
  ],
  { error: ({ input }) => ruleProblem(input) },
);

const LEVELS = ["off", "warn", "error"] as const;

const levelSchema = z.enum(LEVELS, {
  error: ({ input }) =>
    `must be "off", "warn" or "error", got ${JSON.stringify(input)}` +
    (typeof input === "string" ? `; ${suggestion(input, LEVELS)}` : ""),
});

/** Keys are metric ids (`kid-efficientnet-lite0`) or families (`kid`); an id outranks its family. */
export const gatesSchema = z.record(
  z.string(),
  z.tuple([levelSchema, ruleSchema], {
    error: ({ input }) =>
      `must be [level, rule], such as ["error", { maxWorse: "5%" }], got ${JSON.stringify(input)}`,
  }),
);

export type Gates = z.infer<typeof gatesSchema>;
export type GateRule = z.infer<typeof ruleSchema>;

/** @throws UserError naming the gate, what is wrong with it and where it was written */
export function parseGates(input: unknown, where: string): Gates {
  const parsed = gatesSchema.safeParse(input);
  if (parsed.success) {
    checkMetrics(Object.keys(parsed.data), where);
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  const [metric, part] = issue.path;
  const field = metric === undefined ? "`gates`" : `\`gates.${String(metric)}\``;
  const subject = part === 0 ? `the level of ${field}` : part === 1 ? `the rule of ${field}` : field;
  throw new UserError(
    `${where}: ${subject} ${metric === undefined ? "must be an object" : issue.message}`,
    `write it as ["error", { maxWorse: "5%" }]`,
  );
}

/** Whether an extractor of that name exists is known once there are rows; whether there is such a metric, before. */
function checkMetrics(names: readonly string[], where: string): void {
  const known = [...METRIC_FAMILIES, "fid", "rfid"];
  const unknown = names.find((name) => !known.some((one) => name === one || name.startsWith(`${one}-`)));
  if (unknown !== undefined)
    throw new UserError(`${where}: unknown metric \`gates.${unknown}\``, suggestion(unknown, known));
}

/** The tolerated relative change of a `maxWorse` rule: "5%" is 0.05. */
export const tolerance = (maxWorse: string): number => Number(maxWorse.slice(0, -1)) / 100;

/** The rule as reports print it: "maxWorse 5%", "equal", "max 3.5". */
export function ruleText(rule: GateRule): string {
  if ("maxWorse" in rule) return `maxWorse ${rule.maxWorse}`;
  if ("equal" in rule) return "equal";
  return "max" in rule ? `max ${rule.max}` : `min ${rule.min}`;
}

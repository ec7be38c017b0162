/** Two numbers of an object, the first below the second: what zod's `refine` says of those that are not. */

/** @param why what comes of it: "the interval is empty" */
export const below = (low: string, high: string, why: string) => ({
  path: [low],
  error: ({ input }: { readonly input?: unknown }): string => {
    const { [low]: one, [high]: other } = input as Readonly<Record<string, unknown>>;
    return `${why}: ${low} (${one}) must be below ${high} (${other})`;
  },
});

export const EMPTY_INTERVAL = below("low", "high", "the interval is empty");
export const RISING_LEVELS = below("sigmaMin", "sigmaMax", "the noise levels must fall");

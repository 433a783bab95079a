/** A seeded stream of numbers: the same seed gives the same plant on every machine (sfc32, public domain). */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  pick<T>(items: readonly T[]): T;
}

/** `name` parts streams of one seed, so that a change in one part of a plant does not stir the others. */
export function createRandom(seed: number, name: string): Random {
  let a = seed | 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let counter = 1;
  const next32 = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < name.length; i++) {
    c ^= name.charCodeAt(i) << (i % 24);
    next32();
  }
  for (let i = 0; i < 12; i++) next32();
  const next = () => next32() / 0x1_0000_0000;
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    // Box-Muller; 1 - next() keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (items) => items[Math.floor(next() * items.length)]!,
  };
}

/**
 * Noise as a function of place: the same seed and place give the same value whichever part of a world is asked for, so
 * that an hour of a year can be made without the year.
 */

// Taken out once: this runs some hundred million times a world, and looking a global up is not free everywhere.
const { floor, imul } = Math;

/** Uniform in [0, 1) (finaliser of MurmurHash3, public domain). */
export function hash01(seed: number, place: number): number {
  let h = imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ imul(place | 0, 0x85ebca6b) ^ floor(place / 0x1_0000_0000);
  h ^= h >>> 16;
  h = imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return (h >>> 0) / 0x1_0000_0000;
}

/** Near normal with standard deviation 1: the sum of three uniforms, never beyond three deviations. */
export function jitter(seed: number, place: number): number {
  return 2 * (hash01(seed, 3 * place) + hash01(seed, 3 * place + 1) + hash01(seed, 3 * place + 2) - 1.5);
}

/** Smooth wander in [-1, 1] that forgets itself over about one unit of `x`. */
export function wander(seed: number, x: number): number {
  const at = floor(x);
  const t = x - at;
  const ease = t * t * (3 - 2 * t);
  const from = 2 * hash01(seed, at) - 1;
  return from + ease * (2 * hash01(seed, at + 1) - 1 - from);
}

/** A seed of its own for each named thing (FNV-1a over the name). */
export function seedOf(seed: number, name: string): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) h = imul(h ^ name.charCodeAt(i), 0x01000193);
  return h | 0;
}

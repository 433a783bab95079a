import { formatDuration, parseDuration } from './duration.ts';

/** One word of a series and for how many steps it holds. */
export interface Stretch {
  readonly word: string;
  readonly steps: number;
}

/** What a series says at one step; `undefined` where it says nothing (`-`). */
export interface Sample {
  readonly value: number;
  readonly quality: 'MEASURED' | 'ESTIMATED' | 'SUSPECT';
}

/**
 * A series as stretches of steps: groups parted by commas, each `8h WORD` or words parted by spaces, each `12xWORD` or
 * `WORD` for one step. A single word holds for the whole length. What is wrong with it is returned as a text.
 */
export function parseSeries(text: string | number, stepMs: number, lengthMs: number | undefined): Stretch[] | string {
  const trimmed = String(text).trim();
  if (!/[\s,]/.test(trimmed) && !/^\d+x/.test(trimmed)) {
    if (lengthMs === undefined)
      return `'${trimmed}' holds throughout, and nothing says how long that is; add length: 8h`;
    return [{ word: trimmed, steps: Math.ceil(lengthMs / stepMs) }];
  }
  const stretches: Stretch[] = [];
  for (const group of trimmed.split(',')) {
    const tokens = group.trim().split(/\s+/);
    const ms = parseDuration(tokens[0]!);
    if (ms !== undefined) {
      if (tokens.length !== 2)
        return `'${group.trim()}' is not one value for a time; write '2h 40', with commas between`;
      const steps = ms / stepMs;
      if (!Number.isInteger(steps) || steps === 0) {
        return `${tokens[0]} is no multiple of the step of ${formatDuration(stepMs)}; change the time or the step`;
      }
      stretches.push({ word: tokens[1]!, steps });
      continue;
    }
    for (const token of tokens) {
      const counted = /^(\d+)x(.+)$/.exec(token);
      if (token === '') return 'nothing stands between two commas; take one out';
      stretches.push(counted ? { word: counted[2]!, steps: Number(counted[1]) } : { word: token, steps: 1 });
    }
  }
  return stretches;
}

export function stepsOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { steps }) => sum + steps, 0);
}

const number = '[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]\\d+)?';
const sampleWord = new RegExp(`^(${number})(?:\\.\\.(${number}))?(?:~(${number}))?([e?])?$`);

/**
 * The figures of a series, one a step: `40`, `40..80` (a ramp over the stretch), `40~2` (give or take 2), `-` (nothing);
 * `e` behind a figure marks it estimated, `?` suspect. What is wrong is returned as a text. The scatter of `~` is the
 * same in every run and differs by `name`.
 */
export function samplesOf(stretches: readonly Stretch[], name: string): (Sample | undefined)[] | string {
  const random = scatter(name);
  const samples: (Sample | undefined)[] = [];
  for (const { word, steps } of stretches) {
    const found = sampleWord.exec(word);
    if (!found && word !== '-') return `'${word}' is no figure; write 40, 40..80, 40~2, or - for none`;
    const [, first, last, spread, mark] = found ?? [];
    const quality = mark === 'e' ? 'ESTIMATED' : mark === '?' ? 'SUSPECT' : 'MEASURED';
    const from = Number(first);
    const to = Number(last ?? first);
    for (let i = 0; i < steps; i++) {
      if (!found) {
        samples.push(undefined);
        continue;
      }
      // A ramp ends on its last figure.
      const along = steps === 1 ? 1 : i / (steps - 1);
      const off = spread === undefined ? 0 : (2 * random() - 1) * Number(spread);
      samples.push({ value: Math.round((from + (to - from) * along + off) * 1000) / 1000, quality });
    }
  }
  return samples;
}

/** Numbers in [0, 1) that depend on the name alone (FNV-1a, then mulberry32). */
function scatter(name: string): () => number {
  let state = 0x811c9dc5;
  for (const char of name) state = Math.imul(state ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

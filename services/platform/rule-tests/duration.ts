const unitMs: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  min: 60_000,
  s: 1000,
};
const part = /(\d+(?:\.\d+)?)(d|h|min|m|s)/g;
const whole = /^(?:\d+(?:\.\d+)?(?:d|h|min|m|s))+$/;

/** `2h15m`, `90s`, `1.5h`, `4d` in ms; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(part)) ms += Number(count) * unitMs[unit!]!;
  return ms;
}

/** A time of a case: `+2h15m` after its start, `-6h` before it, `+0` the start. Ms; `undefined` for anything else. */
export function parseOffset(text: string | number): number | undefined {
  // YAML takes a bare +0 for the number.
  if (text === 0 || text === '+0') return 0;
  if (typeof text === 'number') return undefined;
  const ms = parseDuration(text.replace(/^[+-]/, ''));
  return ms === undefined || !/^[+-]/.test(text) ? undefined : text.startsWith('-') ? -ms : ms;
}

/** As `parseOffset` reads it: `+2h15m`. */
export function formatOffset(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${formatDuration(Math.abs(ms))}`;
}

/** As `parseDuration` reads it, to the second. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? `${count}${unit}` : [])).join('') || '0';
}

import type { Verdict } from '../records.ts';

/**
 * What every reason means, in one table, so that a reason always means the same. Detectors enter theirs as they are
 * listed (`detectors/index.ts`).
 */
const table = new Map<string, Verdict>([
  ['not-yet-judged', 'UNKNOWN'],
  ['not-registered', 'UNKNOWN'],
  ['rule-withdrawn', 'UNKNOWN'],
]);

export function enterReasons(reasons: Readonly<Record<string, Verdict>>): void {
  for (const [reason, verdict] of Object.entries(reasons)) {
    const known = table.get(reason);
    if (known !== undefined && known !== verdict) throw new Error(`reason ${reason} means ${known} and ${verdict}`);
    table.set(reason, verdict);
  }
}

export function verdictOf(reason: string): Verdict {
  const verdict = table.get(reason);
  if (verdict === undefined) throw new Error(`no detector states what the reason '${reason}' means`);
  return verdict;
}

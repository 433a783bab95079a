/** Units that names of parameters end in. */
const units = /(Seconds|Minutes|Hours|Days|Ms|S|Kw|W|Kwh|Percent|Share|PerMonth|PerMinute|PerHour)$/;

/** The known name that an unknown one misspells; `undefined` where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = normal(name);
  // Two letters in five may be wrong: more is another word.
  const most = Math.max(1, Math.round(plain.length * 0.4));
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const candidate of known) {
    const distance = editDistance(plain, normal(candidate));
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** The known name that says the same with another unit, or with one where the given name has none. */
export function inOtherUnit(name: string, known: readonly string[]): string | undefined {
  const stem = normal(name.replace(units, ''));
  return known.find((candidate) => {
    const candidateStem = candidate.replace(units, '');
    return candidateStem !== candidate && normal(candidateStem) === stem && normal(candidate) !== normal(name);
  });
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Levenshtein: letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Of each kind so many copies are held: beyond, they are of what nobody shares. */
const mostCopies = 10_000;

/**
 * The one copy of what many have alike, by a key that says all of it; `make` gives the copy of what was not seen before.
 * There are millions of machines, meters and watches, and each would hold its own.
 */
export function sharedCopy<T>(copies: Map<string, T>, key: string, make: () => T): T {
  let copy = copies.get(key);
  if (copy !== undefined) return copy;
  // A flood of what nobody shares must not keep out what many do.
  if (copies.size >= mostCopies) copies.clear();
  copy = make();
  copies.set(key, copy);
  return copy;
}

/** Texts that many firms have alike: names of machines, sections, time zones. */
const texts = new Map<string, string>();

/** The one copy of a text that many firms have alike. */
export function sharedText(text: string): string {
  return sharedCopy(texts, text, () => text);
}

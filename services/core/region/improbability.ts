/**
 * Probability that at least `least` of `count` independent enterprises fall silent within one window, when the chance
 * of one is known from experience only: `onsets` windows in which an enterprise fell silent, `quiet` windows in which it
 * did not. Beta-binomial: the binomial tail, averaged over what the chance may be after that experience, so that a
 * region of which little is known needs more proof.
 *
 * Enterprises differ, and the average chance is used for all; from the expected number + 1 upwards that overstates the
 * tail, never understates it (Hoeffding 1956, On the distribution of the number of successes in independent trials).
 */
export function chanceOfTogether(least: number, count: number, onsets: number, quiet: number): number {
  if (least <= 0) return 1;
  let logOfNone = 0;
  for (let i = 0; i < count; i++) logOfNone += Math.log((quiet + i) / (onsets + quiet + i));
  let logTerm = logOfNone;
  let tail = 0;
  for (let k = 0; k <= count; k++) {
    if (k >= least) tail += Math.exp(logTerm);
    // Ratio of neighbouring terms: C(n, k+1) B(a+k+1, b+n-k-1) over C(n, k) B(a+k, b+n-k).
    const left = count - k;
    logTerm += Math.log((left / (k + 1)) * ((onsets + k) / (quiet + left - 1)));
  }
  return Math.min(1, tail);
}

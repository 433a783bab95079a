/** Figures as sentences write them; every sentence that a supervisor reads is made in this folder, in both languages. */

const decimals = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** One decimal at most: loads in kW. */
export function figure(value: number): string {
  return decimals.format(value);
}

/** Three significant digits: indicators of any scale. */
export function reading(value: number): string {
  return Math.abs(value) >= 1000 ? decimals.format(Math.round(value)) : significant.format(value);
}

/** Likelihood ratio for people: exact while small, a power of ten beyond. */
export function odds(logLikelihoodRatio: number): string {
  const power = Math.floor(logLikelihoodRatio / Math.LN10);
  return power < 4 ? decimals.format(Math.round(Math.exp(logLikelihoodRatio))) : `10^${power}`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function durationEn(minutes: number): string {
  if (minutes < 2) return `${Math.round(minutes * 60)} s`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return hours === 0 ? `${rest} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

export function durationZh(minutes: number): string {
  if (minutes < 2) return `${Math.round(minutes * 60)} 秒`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return hours === 0 ? `${rest} 分钟` : rest === 0 ? `${hours} 小时` : `${hours} 小时 ${rest} 分钟`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Month, day and minute on the site's clock, such as 03-02 08:15. */
export function clock(timeZone: string, ms: number): string {
  let format = clocks.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(timeZone, format);
  }
  return format.format(ms).replace(', ', ' ');
}

/** Up to five names. */
export function names(list: readonly string[]): string {
  return list.slice(0, 5).join(', ');
}

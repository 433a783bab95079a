/**
 * Part of a city that can fail as one: all of it, one of its counties, or what one carrier serves there. Fields that are
 * empty do not narrow it. Codes are GB/T 2260: two digits each of province, city and county.
 */
export interface Scope {
  readonly county: string;
  readonly carrier: string;
}

/** First four digits of a region code; empty where none is known. Names the city, and keys its records. */
export function cityOf(regionCode: string): string {
  return regionCode.slice(0, 4);
}

/** First six digits; empty where the code names no county. */
export function countyOf(regionCode: string): string {
  return regionCode.length < 6 ? '' : regionCode.slice(0, 6);
}

const wholeCity: Scope = { county: '', carrier: '' };

/** The scopes that an enterprise belongs to, widest first. */
export function scopesOf(regionCode: string, carrier: string): Scope[] {
  const county = countyOf(regionCode);
  return [
    wholeCity,
    ...(carrier === '' ? [] : [{ county: '', carrier }]),
    ...(county === '' ? [] : [{ county, carrier: '' }]),
  ];
}

export function isSameScope(one: Scope, other: Scope): boolean {
  return one.county === other.county && one.carrier === other.carrier;
}

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

import type { Level, Sector } from './records.ts';

export interface BothLanguages {
  readonly en: string;
  readonly zh: string;
}

/** One rule as the engine applies it. `hash` is the SHA-256 of the rule's text, so that a finding names what it used. */
export interface Rule<Parameters = unknown> {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly detector: string;
  readonly level: Level;
  readonly title: BothLanguages;
  readonly advice: BothLanguages;
  /** Empty: all sectors. */
  readonly sectors: readonly Sector[];
  readonly parameters: Parameters;
}

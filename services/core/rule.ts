import type { LoadParameters } from './load-parameters.ts';
import type { EquipmentKind, Level, Sector } from './records.ts';

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
  /** Kinds of equipment that it looks at; empty: as the detector has it. */
  readonly equipmentKinds: readonly EquipmentKind[];
  readonly parameters: Parameters;
}

/** All that judges: the rules, and how reports and loads are read for all of them. */
export interface RuleSet {
  readonly load: LoadParameters;
  readonly rules: readonly Rule[];
}

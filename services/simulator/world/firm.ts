import type { Stated } from '../../core/recording.ts';
import type {
  CollectorKind,
  EquipmentKind,
  Limit,
  MeterRole,
  Sector,
  SiteEvent,
  WorkRecord,
} from '../../core/records.ts';
import type { BackgroundKind } from './background-load.ts';
import type { Deeds } from './deeds.ts';
import type { MachineTraits } from './machine-load.ts';
import type { IndicatorSet } from './readings.ts';

/** A firm as it stands, and what it will do: all that is fixed before a minute of it is lived. */
export interface Firm {
  readonly id: string;
  /** Group of the scenario that it is one of. */
  readonly group: string;
  readonly seed: number;
  readonly name: string;
  readonly nameEn: string;
  readonly sector: Sector;
  readonly regionCode: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly carrier: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly shifts: readonly ShiftPattern[];
  /** Bit set, bit 0 is Monday. */
  readonly workdays: number;
  /** Works through holidays and keeps no Spring Festival. */
  readonly continuous: boolean;
  readonly sections: readonly FirmSection[];
  readonly machines: readonly Machine[];
  readonly backgrounds: readonly Background[];
  readonly welders: readonly Welder[];
  readonly meters: readonly FirmMeter[];
  /** Clock of all its gateways against true time, ms; positive is fast. */
  readonly clockSkewMs: number;
  readonly deeds: Deeds;
}

export interface ShiftPattern {
  readonly name: string;
  /** Minutes after local midnight; the end may lie past 1440. */
  readonly startMinute: number;
  readonly endMinute: number;
  readonly breaks: readonly (readonly [number, number])[];
}

export interface FirmSection {
  readonly id: string;
  readonly name: string;
  readonly dust: boolean;
  readonly workers: number;
  readonly personLimit: number | null;
  readonly cameraId: string | null;
  /** Cleaned at the end of each shift, for which the line stops early. */
  readonly cleans: boolean;
}

export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly kind: EquipmentKind;
  readonly sectionId: string;
  readonly meterId: string;
  readonly gatewayId: string;
  readonly traits: MachineTraits;
  /** As registered; true power is in `traits`. */
  readonly nameplateKw: number | null;
  readonly reportMs: number;
  readonly limits: readonly Limit[];
  readonly indicators: IndicatorSet | null;
  /** For a collector: the machines that it exhausts. */
  readonly serves: readonly string[];
  readonly collector: CollectorKind | null;
  /** How it comes to run: by the shifts, after others (a collector), in casts, always, or never. */
  readonly works: 'shifts' | 'follows' | 'casts' | 'always' | 'never';
}

/** A load that follows the clock, the season and the sun, whatever the machines do. */
export interface Background {
  readonly id: string;
  readonly name: string;
  readonly kind: BackgroundKind;
  readonly scaleKw: number;
  /** A tenant in the same compound is nobody's equipment. */
  readonly registered: boolean;
}

export interface Welder {
  readonly id: string;
  readonly name: string;
  readonly sectionId: string;
  readonly arcKw: number;
  /** Reports each start by its chip. */
  readonly chip: boolean;
  readonly tool: 'welder' | 'grinder';
}

export interface FirmMeter {
  readonly id: string;
  readonly role: MeterRole;
  readonly intervalMs: number;
  readonly parentId: string | null;
  readonly exports: boolean;
  /** Bulk: a whole local day at 06:00 of the next. */
  readonly delivery: 'immediate' | 'bulk';
  /** Sends lowest and highest power, reactive power and its register beside the mean. */
  readonly rich: boolean;
  /** Ids of machines, backgrounds and welders behind it directly. */
  readonly feeds: readonly string[];
}

export type StatedWork = Stated<WorkRecord>;
export type StatedEvent = Stated<SiteEvent>;

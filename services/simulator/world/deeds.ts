import type { Label, LabelKind } from '../../core/recording.ts';
import type { Span } from '../reported-state.ts';
import type { StatedEvent, StatedWork } from './firm.ts';

/**
 * What people at a firm do beside its routine, planned before it is lived: honest habits and lies alike. Each list holds
 * one kind of departure from routine; what a meter or a gateway makes of it is physics, done elsewhere.
 */
export interface Deeds {
  /** The machine runs although no shift wants it. */
  readonly runs: MachineDeed[];
  /** The machine stands although its shift works. */
  readonly rests: MachineDeed[];
  /** The machine is reported to be stopped, whatever it does. */
  readonly claims: Claim[];
  readonly silences: Silence[];
  readonly readings: ReadingDeed[];
  readonly meters: MeterDeed[];
  /** The collector departs from what its line asks of it. */
  readonly collectors: CollectorDeed[];
  readonly welding: Welding[];
  readonly pushes: Push[];
  readonly crowds: Crowd[];
  /** Power is off: nothing draws any, and nothing is reported. */
  readonly cuts: Span[];
  readonly cleaning: CleaningDeed[];
  readonly works: StatedWork[];
  readonly events: StatedEvent[];
  readonly labels: Label[];
}

export interface MachineDeed extends Span {
  readonly machineId: string;
}

export interface Claim extends MachineDeed {
  readonly note: string;
  /** `lie` and `excused` give labels wherever the machine runs within; whole-firm lies name the firm. */
  readonly kind: LabelKind;
  readonly wholeFirm: boolean;
}

export interface Silence extends Span {
  readonly gatewayId: string;
  /** Kept by the gateway and sent when it is back; otherwise lost. */
  readonly backFilled: boolean;
}

export interface ReadingDeed extends MachineDeed {
  readonly how: 'frozen' | 'replayed' | 'zero' | 'identical';
}

export interface MeterDeed extends Span {
  readonly meterId: string;
  readonly how:
    | { readonly kind: 'scaled'; readonly factor: number }
    | { readonly kind: 'flat'; readonly kw: number }
    | { readonly kind: 'estimated'; readonly factor: number }
    | { readonly kind: 'missing' }
    | { readonly kind: 'register-back' }
    | { readonly kind: 'installed'; readonly installationId: string };
}

export interface CollectorDeed extends MachineDeed {
  readonly how: 'off' | 'clogged';
  /** Said to run all the same. */
  readonly denied: boolean;
}

export interface Welding extends Span {
  readonly sectionId: string;
  readonly welderId: string;
  /** Arc share within each ten minutes. */
  readonly duty: number;
}

export interface Push extends MachineDeed {
  readonly indicator: string;
  /** Where the value is held within the span. */
  readonly to: number;
}

export interface Crowd extends Span {
  readonly sectionId: string;
  readonly count: number;
}

export interface CleaningDeed extends Span {
  readonly sectionId: string;
  readonly how: 'skipped' | 'claimed-while-running' | 'denied-by-camera' | 'air-blowing' | 'thick-layer';
}

export function noDeeds(): Deeds {
  return {
    runs: [],
    rests: [],
    claims: [],
    silences: [],
    readings: [],
    meters: [],
    collectors: [],
    welding: [],
    pushes: [],
    crowds: [],
    cuts: [],
    cleaning: [],
    works: [],
    events: [],
    labels: [],
  };
}

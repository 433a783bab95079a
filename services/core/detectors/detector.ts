import type { TObject } from 'typebox';
import type { Channel } from '../channel.ts';
import type { LevelTimeline, Threshold } from '../level-timeline.ts';
import type { LoadParameters } from '../load-parameters.ts';
import type { MeterState } from '../meter-state.ts';
import type { RateSlots } from '../rate-slots.ts';
import type { CameraWitness, SiteEvent, SubjectKind, Verdict, WorkRecord } from '../records.ts';
import type { BothLanguages, Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import type { Timeline } from '../timeline.ts';

/** Who a finding may be about. */
export interface SubjectRef {
  readonly kind: SubjectKind;
  readonly id: string;
  /** Machines that a finding about it concerns. */
  readonly equipmentIds: readonly string[];
}

/**
 * A place of a site that one rule watches, slot by slot.
 *
 * What makes its slots due: `load` the readings of its meter, `reports` the newest report of the enterprise less a
 * margin for transit, `time` the clock of the engine, `samples` each report of its machine at once (fast detectors),
 * `filed` whatever is heard last of a site of which something is filed or noted, `noted` events alone: on such places no
 * load and no report bears, and what a camera saw is judged at once.
 */
export interface Place {
  /** Unique among the places of one rule within the enterprise, and the same in every description of the site. */
  readonly key: string;
  /** Length of its slots, ms: a divisor of the seal step of 15 min, in whole seconds. */
  readonly stepMs: number;
  readonly drive: 'load' | 'reports' | 'time' | 'samples' | 'filed' | 'noted';
  /** Meter that bears witness; empty where none does, or several do: then readings of any of them drive it. */
  readonly meterId: string;
  /** Machine (or section, for counted persons) whose samples drive it; empty with other drives. */
  readonly equipmentId: string;
  /** Nothing is watched here before this indicator of `equipmentId` was sampled. */
  readonly awaits?: string;
  /** Nothing is watched here before the meter sent such. */
  readonly awaitsMeter?: 'registers' | 'estimates';
  /** Nothing is watched here before an event or a record of work of such a kind came. */
  readonly awaitsKinds?: readonly (SiteEvent['kind'] | WorkRecord['kind'])[];
}

/** What a detector may look at: everything held of one enterprise. It never changes any of it. */
export interface SiteView {
  readonly id: string;
  readonly load: LoadParameters;
  readonly work: readonly WorkRecord[];
  readonly events: readonly SiteEvent[];
  /** Kinds of events and work that ever came. */
  readonly kinds: ReadonlySet<string>;
  timeline(equipmentId: string): Timeline | undefined;
  meter(meterId: string): MeterState | undefined;
  /** What was sampled of an indicator of a machine, or of a section for counted persons. */
  channel(ownerId: string, indicator: string): Channel | undefined;
  /** Between which thresholds an indicator lay, where a rule states any. */
  levels(ownerId: string, indicator: string): LevelTimeline | undefined;
  /** How fast an indicator changed, where a rule limits that. */
  rates(ownerId: string, indicator: string): RateSlots | undefined;
  /** Gateway through which a machine was heard last before that time; `undefined` where none was named. */
  gatewayAt(equipmentId: string, ms: number): string | undefined;
  /** All indicators that were ever sampled of a machine, in alphabetical order. */
  indicatorsOf(ownerId: string): readonly string[];
  /** The channels that are kept of a machine or section, in alphabetical order of their indicators. */
  channelsOf(ownerId: string): readonly Channel[];
}

export interface SlotJudgement {
  /**
   * Whether the slot bears on the test: nothing was claimed that could be contradicted, nobody can tell, or it does.
   * `holds` is between the two: not enough to begin a contradiction, too much for one that stands to be over.
   */
  readonly kind: 'not-claimed' | 'unknown' | 'judged' | 'holds';
  /** A reason of the detector's table, which gives the verdict. */
  readonly reason: string;
  /** Evidence for the contradiction, natural log: above 0 speaks for it, below against; 0 unless judged. */
  readonly logLikelihoodRatio: number;
  /** Mean of what was measured over the slot; `undefined` where nothing was. */
  readonly seen: number | undefined;
  /** Highest (or the crossed) value that the claim explains. */
  readonly bound: number;
  /** Share of the slot that is contradictory when the evidence holds. */
  readonly share: number;
  /** Where the contradiction begins and ends within the slot, when that is known better than by the slot. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly cause?: string;
  /** Whom it is about where the site's description does not tell, as a gateway; such come after the place's subjects. */
  readonly subject?: SubjectRef;
  readonly cameras?: readonly CameraWitness[];
  /** Figures and words that the sentence needs beside the mean and the bound. */
  readonly detail?: Readonly<Record<string, string | number>>;
}

/** How slots add up to a finding. */
export interface TestPolicy {
  /** Contradictory time before a confirmation, ms. */
  readonly confirmAfterMs: number;
  /** A confirmed contradiction ends when nothing spoke for it for this long, ms. */
  readonly clearAfterMs: number;
  /** Stated bound: expected false confirmations a subject and 30 days of judged time; `undefined`: no matter of chance. */
  readonly falseAlarmsPerMonth: number | undefined;
}

/** What a sentence can rest on. */
export interface FindingFacts {
  readonly rule: Rule;
  readonly subjectKind: SubjectKind;
  readonly subjectName: string;
  readonly machineNames: readonly string[];
  readonly meterId: string;
  readonly reason: string;
  readonly cause: string | null;
  readonly indicator: string | null;
  readonly firstMs: number;
  readonly lastEndMs: number;
  readonly timeZone: string;
  /** Contradictory time, minutes. */
  readonly minutes: number;
  readonly seen: number;
  readonly bound: number;
  /** Typical load when running, as learned, kW. */
  readonly runningTypicalKw: number | null;
  readonly logLikelihoodRatio: number;
  readonly cameras: readonly CameraWitness[];
  readonly detail: Readonly<Record<string, string | number>>;
}

/** What sealed slots of one place have taught, beside what meters and channels have learned. */
export type Learned = readonly number[];

/** One kind of contradiction: pure functions on what is held of an enterprise. */
export interface Detector<P = unknown, L extends Place = Place> {
  readonly name: string;
  /** Schema of the rule's parameters; each with a unit in its name and a description. */
  readonly parameters: TObject;
  /** Every reason that it gives, and the verdict that the reason means. */
  readonly reasons: Readonly<Record<string, Verdict>>;
  places(version: SiteVersion, rule: Rule<P>): readonly L[];
  subjects(place: L): readonly SubjectRef[];
  /**
   * Judges the slot [startMs, startMs + stepMs): one judgement a subject, in their order. `learned` is what `learn` made
   * of the sealed slots of the place.
   */
  judge(
    view: SiteView,
    version: SiteVersion,
    place: L,
    startMs: number,
    rule: Rule<P>,
    learned: Learned | undefined,
  ): readonly SlotJudgement[];
  /** Takes a sealed slot into what is known of the place alone; slots come in order, after they were judged. */
  learn?(
    view: SiteView,
    version: SiteVersion,
    place: L,
    startMs: number,
    rule: Rule<P>,
    learned: Learned | undefined,
  ): Learned | undefined;
  /** Whether what was just learned changes so much that unsealed slots are to be judged again. */
  alters?(before: Learned | undefined, after: Learned | undefined): boolean;
  policy(parameters: P, stepMs: number, place?: L): TestPolicy;
  /** How long it lets what it doubts last on purpose before it may speak, ms, where the policy does not say. */
  waitMs?(parameters: P): number;
  sentence(facts: FindingFacts): BothLanguages;
  /** What is measured; `null` where the finding rests on power or on events alone. */
  indicator(place: L, rule: Rule<P>): string | null;
  /** Whether channels of this indicator must be kept for the machine (or section) of that id. */
  samples?(version: SiteVersion, ownerId: string, indicator: string, rule: Rule<P>): boolean;
  /** Values that the rule parts levels at, for a machine or section of that id; `undefined` where it asks for none. */
  thresholds?(
    version: SiteVersion,
    ownerId: string,
    indicator: string,
    rule: Rule<P>,
  ): readonly Threshold[] | undefined;
  /** The rate that the rule limits an indicator to, in its unit a minute; `undefined` where it limits none. */
  leastPerMinute?(version: SiteVersion, ownerId: string, indicator: string, rule: Rule<P>): number | undefined;
  /** What counted persons are a sample of; `undefined` where they are of no use to the rule. */
  sampleOf?(
    version: SiteVersion,
    event: SiteEvent,
    rule: Rule<P>,
  ): { readonly ownerId: string; readonly indicator: string; readonly value: number } | undefined;
  /** How far back before a slot it looks, ms; nothing is forgotten before that. */
  lookBackMs?(parameters: P): number;
  /** How long before its own start what is filed may bear on a slot, ms. */
  aheadMs?(parameters: P): number;
  /** Whether lowest, highest and reactive power of a meter must be kept minute by minute. */
  extremes?(version: SiteVersion, meterId: string, rule: Rule<P>): boolean;
  /** Whether the energy registers of a meter must be kept. */
  registers?(version: SiteVersion, meterId: string, rule: Rule<P>): boolean;
  /** End of the slots from `fromMs` on that need no judging while nothing speaks against anybody; a multiple of the step. */
  quietUntil?(view: SiteView, place: L, fromMs: number, toMs: number, rule: Rule<P>): number;
}

const plain = {
  'not-claimed': new Map<string, SlotJudgement>(),
  unknown: new Map<string, SlotJudgement>(),
  holds: new Map<string, SlotJudgement>(),
};

/** A slot that is no evidence, for a reason; the same reason gives the same object. */
export function unjudged(kind: 'not-claimed' | 'unknown' | 'holds', reason: string): SlotJudgement {
  let judgement = plain[kind].get(reason);
  if (!judgement) {
    judgement = { kind, reason, logLikelihoodRatio: 0, seen: undefined, bound: 0, share: 0 };
    plain[kind].set(reason, judgement);
  }
  return judgement;
}

const calm = new Map<string, SlotJudgement>();

/** A slot that was judged and speaks against the contradiction, where that is no matter of chance. */
export function quiet(reason: string): SlotJudgement {
  let judgement = calm.get(reason);
  if (!judgement) {
    judgement = { kind: 'judged', reason, logLikelihoodRatio: -1, seen: undefined, bound: 0, share: 0 };
    calm.set(reason, judgement);
  }
  return judgement;
}

import { Channel } from './channel.ts';
import { detectorOf } from './detectors/index.ts';
import { bucketMs, type LevelShape, LevelTimeline, type Threshold } from './level-timeline.ts';
import { RateSlots } from './rate-slots.ts';
import type { Rule } from './rule.ts';
import type { Site } from './site.ts';
import type { Timeline } from './timeline.ts';
import { applies } from './watch.ts';

/** Indicators of one machine or section that are looked at, at most. */
const maxIndicators = 64;

/** Cameras count every few minutes; what they do not say is not known. */
const countShape = { widthMs: 300_000, holds: false };

const nothing: Map<string, Map<string, Sampled>> = new Map();

/** What is kept of one indicator, as far as rules ask for it. */
interface Sampled {
  readonly channel: Channel | undefined;
  readonly levels: LevelTimeline | undefined;
  readonly rates: RateSlots | undefined;
}

/** What the rules ask for of one indicator. */
interface Wanted {
  readonly channel: boolean;
  readonly levels: LevelShape | undefined;
  readonly leastPerMinute: number | undefined;
}

/** What is asked of the samples, and for how long they are held. */
export interface SampleTerms {
  readonly site: Site;
  readonly options: { readonly rules: readonly Rule[] };
  readonly spanMs: number;
  readonly sealedMs: number;
}

/** All that was sampled of one enterprise, by owner (a machine or a section) and indicator. */
export class Samples {
  /** Whether a sample since this was last reset moved an indicator to another level, or too fast. */
  moved = false;
  /** An indicator came for the first time that a rule parts levels at: places may wait for it. */
  anew = false;
  private readonly terms: SampleTerms;
  private byOwner = nothing;
  /** Derived: the channels of owners that were asked for. */
  private channels: Map<string, readonly Channel[]> | undefined;
  /** Derived: up to where the levels of each owner are known, ms. */
  private ends: Map<string, number> | undefined;

  constructor(terms: SampleTerms) {
    this.terms = terms;
  }

  of(ownerId: string, indicator: string): Sampled | undefined {
    return this.byOwner.get(ownerId)?.get(indicator);
  }

  /** Up to where the levels of a machine or section are known, ms. */
  untilMs(ownerId: string): number {
    return this.ends?.get(ownerId) ?? 0;
  }

  /** All indicators that a channel is kept of, in alphabetical order. */
  indicatorsOf(ownerId: string): readonly string[] {
    const own = this.byOwner.get(ownerId);
    return own ? [...own].flatMap(([indicator, { channel }]) => (channel ? [indicator] : [])).sort() : [];
  }

  /** The channels that are kept, in alphabetical order of their indicators. */
  channelsOf(ownerId: string): readonly Channel[] {
    let channels = this.channels?.get(ownerId);
    if (!channels) {
      const own = this.byOwner.get(ownerId);
      channels = this.indicatorsOf(ownerId).map((indicator) => own!.get(indicator)!.channel!);
      this.channels ??= new Map();
      this.channels.set(ownerId, channels);
    }
    return channels;
  }

  /** Takes one sample; true when it changes anything. */
  put(ownerId: string, indicator: string, atMs: number, value: number): boolean {
    let sampled = this.of(ownerId, indicator);
    if (sampled === undefined) {
      const own = this.owned(ownerId);
      if (own.size >= maxIndicators) return false;
      sampled = this.empty(ownerId, indicator, this.wanted(ownerId, indicator));
      own.set(indicator, sampled);
      this.channels?.delete(ownerId);
      if (sampled.levels) this.anew = true;
    }
    const { channel, levels, rates } = sampled;
    let moved = levels?.observe(atMs, value) ?? false;
    if (levels) this.takeEnd(ownerId, levels);
    if (rates?.observe(atMs, value)) moved = true;
    if (moved) this.moved = true;
    return (channel?.ranges.put(atMs, value) ?? false) || moved;
  }

  /** What rules ask for may have changed: what none asked for may be asked for now, and levels have other thresholds. */
  askAnew(): void {
    this.channels = undefined;
    const { spanMs } = this.terms;
    for (const [ownerId, own] of this.byOwner) {
      for (const [indicator, { channel, levels, rates }] of own) {
        const wanted = this.wanted(ownerId, indicator);
        const fresh = this.empty(ownerId, indicator, wanted);
        if (channel) channel.ranges = channel.ranges.spanning(spanMs);
        own.set(indicator, {
          channel: fresh.channel && (channel ?? fresh.channel),
          levels: wanted.levels && (levels?.reshaped(wanted.levels) ?? fresh.levels),
          rates: fresh.rates && (rates?.spanning(spanMs).watchedFor(fresh.rates.leastPerMinute) ?? fresh.rates),
        });
      }
    }
  }

  /** Learns the sealed slots of [fromMs, untilMs). */
  learn(fromMs: number, untilMs: number, timelineOf: (ownerId: string) => Timeline | undefined): void {
    for (const [ownerId, own] of this.byOwner) {
      const timeline = timelineOf(ownerId);
      for (const { channel } of own.values()) {
        if (!channel) continue;
        const { stepMs } = channel.ranges;
        for (let startMs = fromMs; startMs < untilMs; startMs += stepMs) {
          channel.learn(startMs, timeline?.uniformKind(startMs, startMs + stepMs) === 'running');
        }
      }
    }
  }

  /** Forgets levels before `keepMs`. */
  prune(keepMs: number): void {
    for (const own of this.byOwner.values()) for (const { levels } of own.values()) levels?.prune(keepMs);
  }

  /** Forgets what nobody owns any more. */
  forget(isOwner: (id: string) => boolean): void {
    for (const id of this.byOwner.keys()) {
      if (isOwner(id)) continue;
      this.byOwner.delete(id);
      this.ends?.delete(id);
      this.channels?.delete(id);
    }
  }

  toState(): { json: unknown; blocks: Uint8Array[] } {
    const blocks: Uint8Array[] = [];
    const stored = (part: Channel | RateSlots | undefined): readonly unknown[] | null => {
      if (!part) return null;
      const state = part.toState();
      blocks.push(...state.blocks);
      return state.json;
    };
    const json = [...this.byOwner].flatMap(([ownerId, own]) =>
      [...own].map(([indicator, { channel, levels, rates }]) => [
        ownerId,
        indicator,
        levels ?? null,
        stored(channel),
        stored(rates),
      ]),
    );
    return { json, blocks };
  }

  /** Rebuilds from `toState`; takes its blocks from the front of the list. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  restore(json: any, blocks: Uint8Array[]): void {
    for (const [ownerId, indicator, stored, channel, rates] of json) {
      const levels = stored ? LevelTimeline.fromJSON(stored) : undefined;
      if (levels) this.takeEnd(ownerId, levels);
      this.owned(ownerId).set(indicator, {
        levels,
        channel: channel ? Channel.fromState(channel, blocks) : undefined,
        rates: rates ? RateSlots.fromState(rates, blocks) : undefined,
      });
    }
  }

  /** What the rules ask for of an indicator under any description of the site that is held. */
  private wanted(ownerId: string, indicator: string): Wanted {
    const { site, options } = this.terms;
    const thresholds = new Map<string, Threshold>();
    let channel = false;
    let asked = false;
    let leastPerMinute = Number.POSITIVE_INFINITY;
    // The newest description first: its thresholds count where there are too many.
    for (const version of site.all().toReversed()) {
      for (const rule of options.rules) {
        if (!applies(rule, version)) continue;
        const detector = detectorOf(rule);
        channel ||= detector.samples?.(version, ownerId, indicator, rule) ?? false;
        const rate = detector.leastPerMinute?.(version, ownerId, indicator, rule);
        if (rate !== undefined) leastPerMinute = Math.min(leastPerMinute, rate);
        const own = detector.thresholds?.(version, ownerId, indicator, rule);
        if (own) asked = true;
        for (const threshold of own ?? []) thresholds.set(`${threshold.inclusive} ${threshold.value}`, threshold);
      }
    }
    const machine = site.latest()!.registration.equipment.find((e) => e.equipmentId === ownerId);
    const shape = machine ? { widthMs: bucketMs(machine.reportIntervalMs), holds: true } : countShape;
    return {
      channel,
      levels: asked ? { ...shape, thresholds: [...thresholds.values()] } : undefined,
      leastPerMinute: leastPerMinute === Number.POSITIVE_INFINITY ? undefined : leastPerMinute,
    };
  }

  private empty(ownerId: string, indicator: string, { channel, levels, leastPerMinute }: Wanted): Sampled {
    const { spanMs, sealedMs } = this.terms;
    return {
      channel: channel ? new Channel(ownerId, indicator, spanMs, sealedMs) : undefined,
      levels: levels && new LevelTimeline(levels),
      rates: leastPerMinute === undefined ? undefined : new RateSlots(leastPerMinute, spanMs, sealedMs),
    };
  }

  private takeEnd(ownerId: string, { endMs }: LevelTimeline): void {
    if (endMs <= this.untilMs(ownerId)) return;
    this.ends ??= new Map();
    this.ends.set(ownerId, endMs);
  }

  private owned(ownerId: string): Map<string, Sampled> {
    if (this.byOwner === nothing) this.byOwner = new Map();
    let own = this.byOwner.get(ownerId);
    if (!own) {
      own = new Map();
      this.byOwner.set(ownerId, own);
    }
    return own;
  }
}

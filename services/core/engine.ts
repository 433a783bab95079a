import { type Engine, type InputRecord, type Output, Refusal } from './batch.ts';
import { type EngineOptions, Enterprise, sealedBy } from './enterprise.ts';
import type { AlarmAction, Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from './records.ts';
import { decodeState, encodeState } from './state.ts';
import { Timers } from './timers.ts';

/** Rises with every change that may change what is said of the same input. */
export const engineVersion = '2';

export const engineDefaults = {
  /** Utility power may come up to a day late, and the transfer takes its time. */
  latenessHorizonMs: 26 * 3_600_000,
  /** Device clocks without NTP drift by minutes; more is a wrong clock. */
  futureToleranceMs: 10 * 60_000,
  lateReviewMs: 5 * 60_000,
  /** Reports take up to a minute on their way, and a hold of two reports bridges what is lost. */
  reportMarginMs: 2 * 60_000,
  /** 1 GW: above the largest single steel works on the public grid. */
  highestKw: 1e6,
  engineVersion,
} as const;

/** Enterprises whose places are kept as they were derived: those judged last. Of the others they are derived again. */
const mostAtHand = 1024;

/**
 * The engine over all enterprises of one partition. Records of one arrival time are taken together: what they changed
 * is judged when time moves on, or at the end of the batch, so a bulk delivery is judged once.
 */
export function createEngine(given: EngineOptions): Engine {
  let options = given;
  const enterprises = new Map<string, Enterprise>();
  const seals = new Timers<Enterprise>();
  const reviews = new Timers<Enterprise>();
  const dirty: Enterprise[] = [];
  const atHand: Enterprise[] = [];
  let nextHand = 0;
  let pending: Enterprise[] = [];
  let nowMs = 0;
  let outputs: Output[] = [];
  const say = (output: Output): void => {
    outputs.push(output);
  };

  function touch(enterprise: Enterprise): void {
    if (enterprise.dirty) return;
    enterprise.dirty = true;
    dirty.push(enterprise);
  }

  /** Makes an enterprise one of those judged last; the one whose turn it is must go. */
  function takeUp(enterprise: Enterprise): void {
    if (enterprise.atHand) return;
    enterprise.atHand = true;
    atHand[nextHand]?.putAway();
    atHand[nextHand] = enterprise;
    nextHand = (nextHand + 1) % mostAtHand;
  }

  function evaluatePending(): void {
    if (pending.length === 0) return;
    const due = pending;
    pending = [];
    for (const enterprise of due) {
      enterprise.pending = false;
      evaluate(enterprise);
    }
  }

  function evaluate(enterprise: Enterprise): void {
    takeUp(enterprise);
    enterprise.evaluate(nowMs, say);
    scheduleReview(enterprise);
  }

  function scheduleReview(enterprise: Enterprise): void {
    const dueMs = enterprise.nextReviewMs;
    if (dueMs === Number.POSITIVE_INFINITY || dueMs === enterprise.reviewAtMs) return;
    enterprise.reviewAtMs = dueMs;
    reviews.push(dueMs, enterprise);
  }

  function review(enterprise: Enterprise): void {
    enterprise.reviewAtMs = 0;
    // It was reviewed meanwhile, or the review was put off.
    if (enterprise.nextReviewMs > nowMs) {
      scheduleReview(enterprise);
      return;
    }
    touch(enterprise);
    evaluate(enterprise);
  }

  function seal(enterprise: Enterprise, targetMs: number): void {
    const nextMs = enterprise.nextSealMs - enterprise.horizonMs;
    // Where nothing came there is nothing to do slot by slot, however far time moves.
    const untilMs = enterprise.idle ? Math.max(nextMs, sealedBy(targetMs - enterprise.horizonMs)) : nextMs;
    // The horizon may have grown since the timer was set: then it is not due yet.
    if (enterprise.nextSealMs <= nowMs) {
      takeUp(enterprise);
      enterprise.seal(untilMs);
      touch(enterprise);
      if (enterprise.busy || enterprise.timed) evaluate(enterprise);
      else {
        enterprise.sayHearing(nowMs, say);
        // The model may have learned what changes open verdicts: a restored engine knows of that review, so this one must.
        scheduleReview(enterprise);
      }
    }
    seals.push(enterprise.nextSealMs, enterprise);
  }

  function moveTo(ms: number): void {
    if (ms > nowMs) evaluatePending();
    while (Math.min(seals.nextMs, reviews.nextMs) <= ms) {
      nowMs = Math.max(nowMs, Math.min(seals.nextMs, reviews.nextMs));
      if (seals.nextMs <= reviews.nextMs) seal(seals.pop(), ms);
      else review(reviews.pop());
    }
    nowMs = Math.max(nowMs, ms);
  }

  function register(registration: SiteRegistration): Refusal | boolean {
    let enterprise = enterprises.get(registration.enterpriseId);
    if (enterprise) return enterprise.register(registration);
    enterprise = new Enterprise(registration.enterpriseId, options, nowMs);
    const taken = enterprise.register(registration);
    if (taken !== true) return taken;
    enterprises.set(enterprise.id, enterprise);
    seals.push(enterprise.nextSealMs, enterprise);
    return true;
  }

  function take(record: InputRecord, enterprise: Enterprise | undefined): Refusal | boolean {
    if (record.topic === 'site-registry') return register(record.value as SiteRegistration);
    if (!enterprise) return new Refusal('unknown-enterprise', 'no registration of this enterprise has been taken');
    switch (record.topic) {
      case 'telemetry':
        return enterprise.observe(record.value as Telemetry, record.arrivalMs);
      case 'power':
        return enterprise.measure(record.value as Power, record.arrivalMs);
      case 'work-records':
        return enterprise.file(record.value as WorkRecord);
      case 'site-events':
        return enterprise.note(record.value as SiteEvent, record.arrivalMs);
      case 'alarm-actions':
        return enterprise.act(record.value as AlarmAction, nowMs, say);
    }
  }

  return {
    apply(records, batchNowMs) {
      outputs = [];
      for (const record of records) {
        if (record.arrivalMs > nowMs) moveTo(record.arrivalMs);
        const { value } = record;
        if (value === null) continue;
        if (value instanceof Refusal) {
          say({ topic: 'dead-letters', inputTopic: record.topic, offset: record.offset, refusal: value });
          continue;
        }
        let enterprise = enterprises.get(value.enterpriseId);
        const taken = take(record, enterprise);
        if (taken instanceof Refusal) {
          say({ topic: 'dead-letters', inputTopic: record.topic, offset: record.offset, refusal: taken });
          continue;
        }
        enterprise ??= enterprises.get(value.enterpriseId)!;
        touch(enterprise);
        if (taken && !enterprise.pending) {
          enterprise.pending = true;
          pending.push(enterprise);
        }
      }
      moveTo(batchNowMs);
      evaluatePending();
      const said = outputs;
      outputs = [];
      return said;
    },

    nextTimerMs: () => Math.min(seals.nextMs, reviews.nextMs),

    takeDirty() {
      const states = new Map<string, Uint8Array | null>();
      for (const enterprise of dirty) {
        enterprise.dirty = false;
        states.set(enterprise.id, encodeState(enterprise.toState()));
      }
      dirty.length = 0;
      return states;
    },

    restore(enterpriseId, bytes) {
      const { json, blocks } = decodeState(bytes);
      const enterprise = Enterprise.fromState(json, blocks, options);
      enterprises.set(enterpriseId, enterprise);
      seals.push(enterprise.nextSealMs, enterprise);
      scheduleReview(enterprise);
    },

    useRules(ruleSet) {
      options = { ...options, ...ruleSet };
      outputs = [];
      for (const enterprise of enterprises.values()) {
        enterprise.useRules(options, nowMs, say);
        touch(enterprise);
        scheduleReview(enterprise);
      }
      const said = outputs;
      outputs = [];
      return said;
    },

    resumeAt(ms) {
      nowMs = ms;
    },
  };
}

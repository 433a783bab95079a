import { type Engine, type Output, Refusal } from '../../core/batch.ts';
import { type Alarm, inputTopics } from '../../core/records.ts';
import type { HashedRules } from '../changelog.ts';

/**
 * An engine for tests of what hosts it: it counts the records of each enterprise and says each one, so that a record
 * that is lost, doubled or judged in another order shows in what was said. Once every `tickMs` of its time an
 * enterprise says that nothing came; `tickMs: Infinity` keeps it quiet. It fails at telemetry of state FAULT.
 *
 * What it says bears the hash of the rules as its rule. As it goes over to others, each enterprise says so. It fails at
 * rules named 'fault', and at a state that other rules led to than those that it has.
 */
export interface CountingOptions {
  readonly tickMs: number;
  /** Only each so-many-th count is said. */
  readonly sayEvery: number;
}

interface Count {
  count: number;
  /** Hash of all that was counted and said, in order. */
  chain: number;
  nextTickMs: number;
}

export function createCountingEngine({ tickMs, sayEvery }: CountingOptions, first: HashedRules): Engine {
  let { hash } = first;
  const counts = new Map<string, Count>();
  const dirty = new Set<string>();
  let nowMs = 0;

  function tick(untilMs: number, said: Output[]): void {
    nowMs = Math.max(nowMs, untilMs);
    if (tickMs === Number.POSITIVE_INFINITY) return;
    for (const [enterpriseId, own] of counts) {
      while (own.nextTickMs <= untilMs) {
        dirty.add(enterpriseId);
        count(own, `tick ${own.nextTickMs}`, own.nextTickMs, enterpriseId, said);
        own.nextTickMs += tickMs;
      }
    }
  }

  function count(own: Count, what: string, atMs: number, enterpriseId: string, said: Output[]): void {
    own.count++;
    if (sayEvery > 1 && own.count % sayEvery > 0) return;
    own.chain = chained(own.chain, hash + what, atMs);
    said.push({ topic: 'alarms', value: { ...alarmOf(enterpriseId, own, what, atMs), ruleId: hash } });
  }

  return {
    apply(records, batchNowMs) {
      const said: Output[] = [];
      for (const { topic, offset, arrivalMs, value } of records) {
        if (arrivalMs < nowMs) throw new Error(`${topic} ${offset} came at ${arrivalMs}, before ${nowMs}`);
        tick(arrivalMs, said);
        if (value === null) continue;
        if (value instanceof Refusal) {
          said.push({ topic: 'dead-letters', inputTopic: topic, offset, refusal: value });
          continue;
        }
        if ('state' in value && value.state === 'FAULT') throw new Error('a fault cannot be counted');
        let own = counts.get(value.enterpriseId);
        if (!own) {
          own = { count: 0, chain: 0, nextTickMs: (Math.floor(arrivalMs / tickMs) + 1) * tickMs };
          counts.set(value.enterpriseId, own);
        }
        dirty.add(value.enterpriseId);
        count(own, sayEvery > 1 ? topic : `${topic} ${offset}`, arrivalMs, value.enterpriseId, said);
      }
      tick(batchNowMs, said);
      return said;
    },
    nextTimerMs: () => Math.min(...[...counts.values()].map((own) => own.nextTickMs)),
    takeDirty() {
      const states = new Map<string, Uint8Array>();
      for (const enterpriseId of dirty) {
        states.set(enterpriseId, Buffer.from(JSON.stringify({ ...counts.get(enterpriseId), hash })));
      }
      dirty.clear();
      return states;
    },
    restore(enterpriseId, state) {
      const own = JSON.parse(Buffer.from(state).toString()) as Count & { nextTickMs: number | null; hash: string };
      if (own.hash !== hash) throw new Error(`a state of rules ${own.hash} cannot be restored with rules ${hash}`);
      counts.set(enterpriseId, { ...own, nextTickMs: own.nextTickMs ?? Number.POSITIVE_INFINITY });
    },
    useRules(rules) {
      hash = (rules as HashedRules).hash;
      if (hash === 'fault') throw new Error('these rules cannot be used');
      const said: Output[] = [];
      for (const [enterpriseId, own] of counts) {
        dirty.add(enterpriseId);
        count(own, `rules ${hash}`, nowMs, enterpriseId, said);
      }
      return said;
    },
    resumeAt(ms) {
      nowMs = ms;
    },
  };
}

/** What is wrong with the alarms of one enterprise, in the order in which they were said; empty when nothing is. */
export function breaksIn(alarms: readonly Alarm[]): string[] {
  const breaks: string[] = [];
  const last = new Map<string, number>();
  let chain = 0;
  let rules = alarms[0]?.ruleId;
  for (const [i, { revision, summaryEn, summaryZh, changedMs, ruleId }] of alarms.entries()) {
    chain = chained(chain, ruleId + summaryEn, changedMs);
    if (summaryEn === `rules ${ruleId}`) {
      if (ruleId === rules) breaks.push(`went over to rules ${ruleId} twice`);
      rules = ruleId;
    } else if (ruleId !== rules) breaks.push(`${summaryEn} was judged with rules ${ruleId}, not ${rules}`);
    if (revision !== i + 1) breaks.push(`revision ${revision} is the ${i + 1}th: ${summaryEn}`);
    if (summaryZh !== String(chain)) breaks.push(`${summaryEn} was said by a state that another history led to`);
    const [topic, offset] = summaryEn.split(' ') as [string, string];
    if (Number(offset) <= (last.get(topic) ?? -1)) breaks.push(`${summaryEn} comes after ${last.get(topic)}`);
    last.set(topic, Number(offset));
    chain = Number(summaryZh);
  }
  return breaks;
}

/** Records that were counted, of all enterprises, as topic and offset. */
export function countedIn(alarms: readonly Alarm[]): string[] {
  const topics: readonly string[] = inputTopics;
  return alarms.map((alarm) => alarm.summaryEn).filter((what) => topics.includes(what.split(' ')[0]!));
}

function chained(chain: number, what: string, atMs: number): number {
  let hash = chain;
  for (let i = 0; i < what.length; i++) hash = (Math.imul(hash, 31) + what.charCodeAt(i)) | 0;
  return (Math.imul(hash, 31) + (atMs % 1_000_000_007)) | 0;
}

function alarmOf(enterpriseId: string, { count, chain }: Count, what: string, atMs: number): Alarm {
  return {
    alarmId: enterpriseId,
    revision: count,
    state: 'UNACKNOWLEDGED',
    conditionActive: true,
    level: 'RED',
    enterpriseId,
    regionCode: '',
    findingId: '',
    ruleId: '',
    subjectKind: 'ENTERPRISE',
    subjectId: '',
    raisedMs: 0,
    changedMs: atMs,
    clearedMs: null,
    titleEn: '',
    titleZh: '',
    summaryEn: what,
    summaryZh: String(chain),
    adviceEn: '',
    adviceZh: '',
    clearedBecause: null,
  };
}

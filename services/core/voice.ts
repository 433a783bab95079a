import { alarmAfterAction, alarmAfterFinding, alarmIdOf } from './alarm.ts';
import { type Output, Refusal } from './batch.ts';
import { maxFiled } from './filed-records.ts';
import { findingOf } from './finding-record.ts';
import type { Revision, Said } from './findings.ts';
import type { Holdings } from './holdings.ts';
import type { Judging } from './judging.ts';
import type { Alarm, AlarmAction } from './records.ts';
import { statusOf } from './status.ts';
import type { RunClaim, Subject } from './subject.ts';
import type { Watch } from './watch.ts';

/** Verdicts that only change are said this often at most, ms: minute slots change their reasons all the time. */
const statusEveryMs = 300_000;

const noAlarms: ReadonlyMap<string, Alarm> = new Map();

export type Say = (output: Output) => void;

/** What one enterprise has said and what is to be said now: findings, the alarms on them, verdicts. */
export class Voice {
  engineVersion = '';
  private readonly held: Holdings;
  private readonly judging: Judging;
  private alarms: ReadonlyMap<string, Alarm> = noAlarms;
  private openSaid = 0;
  private statusSaidMs = 0;

  constructor(held: Holdings, judging: Judging) {
    this.held = held;
    this.judging = judging;
  }

  act(action: AlarmAction, nowMs: number, say: Say): Refusal | boolean {
    const standing = this.alarms.get(action.alarmId);
    if (!standing) return new Refusal('unknown-alarm', `alarm ${action.alarmId} does not stand`);
    const alarm = alarmAfterAction(standing, action, nowMs);
    if (alarm) this.sayAlarm(alarm, say);
    return false;
  }

  /** Takes back all that a watch has said: its rule is no more. */
  withdraw(watch: Watch, nowMs: number, say: Say): void {
    const { id, sealedMs } = this.held;
    for (const subject of watch.subjects) {
      for (const revision of subject.withdraw(nowMs, sealedMs, id, watch.rule)) {
        this.sayRevision(watch, subject, revision, nowMs, say);
      }
    }
    watch.forgetIdle();
  }

  /** Forgets alarms that are done with and whose findings are settled: what is said of those till then raises no new one. */
  prune(keepMs: number): void {
    if (this.alarms.size === 0) return;
    const kept = [...this.alarms].filter(([, alarm]) => alarm.state !== 'NORMAL' || alarm.changedMs >= keepMs);
    if (kept.length < this.alarms.size) this.alarms = new Map(kept);
  }

  toJSON(): readonly unknown[] {
    return [[...this.alarms.values()], this.openSaid, this.statusSaidMs];
  }

  restore(json: readonly unknown[]): void {
    const [alarms, openSaid, statusSaidMs] = json as [Alarm[], number, number];
    if (alarms.length > 0) this.alarms = new Map(alarms.map((alarm) => [alarm.alarmId, alarm]));
    this.openSaid = openSaid;
    this.statusSaidMs = statusSaidMs;
  }

  /** Says what has changed about the subjects of a watch. */
  sayFindings(watch: Watch, nowMs: number, say: Say): void {
    for (const subject of watch.subjects) {
      const whyGone = (said: Said): string => this.judging.whyGone(watch, subject, said);
      for (const revision of subject.revisions(nowMs, this.held.sealedMs, this.held.id, watch.rule, whyGone)) {
        this.sayRevision(watch, subject, revision, nowMs, say);
      }
    }
    watch.forgetIdle();
  }

  private sayRevision(watch: Watch, subject: Subject, revision: Revision<RunClaim>, nowMs: number, say: Say): void {
    const { rule } = watch;
    const { site } = this.held;
    // A contradiction may have begun under a description that is forgotten by now: the oldest one held is next to it.
    const version = site.at(revision.said.firstMs) ?? site.all()[0];
    const finding = findingOf(subject, revision, {
      view: this.held,
      rule,
      site: version,
      place: watch.placeIn(version),
      nowMs,
      engineVersion: this.engineVersion,
    });
    say({ topic: 'findings', value: finding });
    const alarm = alarmAfterFinding(this.alarms.get(alarmIdOf(finding.findingId)), finding, rule);
    if (alarm) this.sayAlarm(alarm, say);
  }

  private sayAlarm(alarm: Alarm, say: Say): void {
    say({ topic: 'alarms', value: alarm });
    const others = new Map([...this.alarms].filter(([id]) => id !== alarm.alarmId));
    // Nobody looks at the oldest of a thousand: its record stays in the log, the machine forgets it.
    const oldest = others.size >= maxFiled ? [...others.values()].find((other) => !other.conditionActive) : undefined;
    if (oldest) others.delete(oldest.alarmId);
    this.alarms = others.set(alarm.alarmId, alarm);
  }

  /** Says which verdicts hold, where that is news. */
  sayStatus(watches: readonly Watch[], nowMs: number, say: Say): void {
    const openFindings = watches.reduce((sum, watch) => sum + watch.openFindings, 0);
    const due = nowMs >= this.statusSaidMs + statusEveryMs && watches.some((watch) => watch.moved);
    if (openFindings === this.openSaid && !due) return;
    this.openSaid = openFindings;
    this.statusSaidMs = nowMs;
    for (const watch of watches) watch.moved = false;
    say({ topic: 'enterprise-status', value: statusOf(this.held, watches, openFindings, nowMs) });
  }
}

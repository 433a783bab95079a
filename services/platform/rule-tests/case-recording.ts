import type { Recording, Stated } from '../../core/recording.ts';
import { parseInstant } from '../../core/recording-time.ts';
import type { SiteRegistration } from '../../core/records.ts';
import { nearest } from '../rules-hints.ts';
import type { Path } from '../rules-yaml.ts';
import { parseDuration } from './duration.ts';
import type { CaseNotation, HistoryNotation, RuleTestNotation, SiteNotation } from './shape.ts';
import { mergeSite, registrationOf } from './site.ts';
import { offsetOf, type Say, type Stage } from './stage.ts';
import { checkDay, type Told, tell } from './story.ts';

const dayMs = 86_400_000;
/** A Monday of an ordinary week: no public holiday near. */
const usualStart = '2026-03-09T08:00+08:00';

/** What comes of a case: a recording as any other, when the case begins and when it ends. */
export interface CaseRecording {
  readonly recording: Recording;
  readonly startMs: number;
  readonly endMs: number;
}

/** Builds the recording of one case; whatever cannot be read goes to `say` with its path in the file. */
export function caseRecording(file: RuleTestNotation, index: number, say: Say): CaseRecording {
  const notation = file.cases[index]!;
  const at: Path = ['cases', index];
  const site = mergeSite(file.site, notation.site);
  const siteAt: Path = notation.site ? [...at, 'site'] : ['site'];
  const startText = notation.start ?? file.start ?? usualStart;
  const parsedStart = parseInstant(startText);
  if (parsedStart === undefined) {
    say(notation.start ? [...at, 'start'] : ['start'], `'${startText}' is no instant; write 2026-03-09T08:00+08:00`);
  }
  const startMs = parsedStart ?? parseInstant(usualStart)!;
  const history = notation.history ?? file.history;
  const historyAt: Path = notation.history ? [...at, 'history'] : ['history'];
  const days = history?.days ?? 0;
  const registration = registrationOf(site, startMs - (days + 1) * dayMs, 1, (path, problem) =>
    say([...siteAt, ...path], problem),
  );
  const sites: Stated<SiteRegistration>[] = [{ arrivalMs: registration.effectiveFromMs, value: registration }];
  sites.push(...changesOf(notation, at, site, startMs, say));
  const stage = {
    registration,
    gateways: gatewaysOf(site),
    heldBack: heldBackOf(notation, at, site, startMs, say),
    say,
  };
  const past = history && days > 0 ? pastOf(history, historyAt, stage, startMs) : [];
  const lengthMs = notation.length === undefined ? undefined : parseDuration(notation.length);
  if (notation.length !== undefined && lengthMs === undefined) {
    say([...at, 'length'], `'${notation.length}' is no time; write 8h`);
  }
  const now = tell(notation, at, { ...stage, startMs, lengthMs: lengthMs ?? impliedMs(notation, stage), tag: 'case' });
  if (now.lengthMs === 0) say(at, 'nothing says how long the case is; add length: 8h, or a series');
  const told = [...past, now];
  return {
    recording: {
      about: {
        title: notation.name,
        source: 'rule test',
        licence: '',
        credit: '',
        timeZone: registration.timeZone,
        nominalIntervalMs: 900_000,
      },
      sites,
      workRecords: told.flatMap(({ workRecords }) => workRecords),
      siteEvents: told.flatMap(({ siteEvents }) => siteEvents),
      alarmActions: [],
      telemetry: told.flatMap(({ telemetry }) => telemetry),
      power: told.flatMap(({ power }) => power),
      labels: [],
    },
    startMs,
    endMs: startMs + now.lengthMs,
  };
}

type Scene = Omit<Stage, 'startMs' | 'lengthMs' | 'tag'>;

function pastOf(history: HistoryNotation, at: Path, scene: Scene, startMs: number): Told[] {
  checkDay(history, at, scene.registration, scene.say);
  return Array.from({ length: history.days }, (_, day) => {
    const tag = `day${day + 1}`;
    // What is wrong with the day is said once.
    const say = day === 0 ? scene.say : () => {};
    return tell(history, at, { ...scene, say, startMs: startMs - (history.days - day) * dayMs, lengthMs: dayMs, tag });
  });
}

/** The length of a case that does not state one: that of its longest series. */
function impliedMs(notation: CaseNotation, scene: Scene): number | undefined {
  const silent = { ...scene, say: () => {}, startMs: 0, lengthMs: undefined, tag: '' };
  return tell(notation, [], silent).lengthMs || undefined;
}

function gatewaysOf(site: SiteNotation): Record<string, string> {
  const named = Object.entries(site.equipment ?? {}).flatMap(([id, { gateway }]) => (gateway ? [[id, gateway]] : []));
  return Object.fromEntries(named);
}

/** Later descriptions of the site: each is laid over what held before it. */
function changesOf(
  notation: CaseNotation,
  at: Path,
  first: SiteNotation,
  startMs: number,
  say: Say,
): Stated<SiteRegistration>[] {
  let site = first;
  return (notation.changes ?? []).map((change, i) => {
    const path = [...at, 'changes', i];
    site = mergeSite(site, change.site);
    const fromMs = startMs + offsetOf(change.at, [...path, 'at'], say);
    const arrivalMs = change.comes === undefined ? fromMs : startMs + offsetOf(change.comes, [...path, 'comes'], say);
    return {
      arrivalMs,
      value: registrationOf(site, fromMs, 1, (inner, text) => say([...path, 'site', ...inner], text)),
    };
  });
}

function heldBackOf(
  notation: CaseNotation,
  at: Path,
  site: SiteNotation,
  startMs: number,
  say: Say,
): Stage['heldBack'] {
  const known = new Set([site.meters, site.equipment, site.sections].flatMap((entries) => Object.keys(entries ?? {})));
  const spans = (notation.late ?? []).map(({ of, from, to, at: comes }, i) => {
    const path = [...at, 'late', i];
    const ms = (key: string, offset: string | number) => startMs + offsetOf(offset, [...path, key], say);
    const owners = [of].flat();
    for (const id of owners) {
      if (known.has(id)) continue;
      const near = nearest(id, [...known]);
      const hint = near ? `did you mean '${near}'?` : `there are ${[...known].join(', ')}`;
      say([...path, 'of'], `the site has no meter, equipment or section '${id}'; ${hint}`);
    }
    const span = { owners, fromMs: ms('from', from), toMs: ms('to', to), atMs: ms('at', comes) };
    if (span.atMs < span.toMs) say([...path, 'at'], 'what is late comes after it happened; write a time from `to` on');
    return span;
  });
  return (ownerId, ms) => spans.find((s) => s.owners.includes(ownerId) && ms >= s.fromMs && ms < s.toMs)?.atMs;
}

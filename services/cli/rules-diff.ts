import { readRecording } from '../platform/recording.ts';
import type { LoadedRules } from '../platform/rules.ts';
import type { LoadedRule } from '../platform/rules-document.ts';
import { recordingFolders } from './backtest.ts';
import { changeBetween, changeLines } from './backtest-compare.ts';
import { runRules } from './backtest-run.ts';

/** What differs from one rule set to another, a line each: `+` a rule that comes, `-` one that goes, `~` a value. */
export function rulesDiff(before: LoadedRules, after: LoadedRules): string[] {
  const lines = changedValues(before.load, after.load).map((change) => `~ load: ${change}`);
  const [old, young] = [byId(before), byId(after)];
  for (const id of [...new Set([...old.keys(), ...young.keys()])].sort()) {
    const [a, b] = [old.get(id), young.get(id)];
    if (!b) lines.push(`- ${id}: ${a!.title.en} / ${a!.title.zh}`);
    else if (!a) lines.push(`+ ${id}: ${b.title.en} / ${b.title.zh} (${b.level.toLowerCase()}, ${b.detector})`);
    else lines.push(...changesOf(a, b).map((change) => `~ ${id}: ${change}`));
  }
  return lines;
}

function changesOf(a: LoadedRule, b: LoadedRule): string[] {
  const changes = changedValues(told(a), told(b));
  // Findings name the version: two texts under one number cannot be told apart by people.
  if (changes.length > 0 && a.version === b.version) {
    changes.push(`version stays ${a.version} though the rule changed; raise it`);
  }
  return changes;
}

/** All that the rule says; hash and version change with anything, comments mean nothing. */
function told({ hash: _hash, file: _file, ...rule }: LoadedRule): object {
  return rule;
}

function byId({ rules }: LoadedRules): Map<string, LoadedRule> {
  return new Map(rules.map((rule) => [rule.id, rule]));
}

/** Values that differ, as `parameters.confirmAfterMinutes 10 -> 20`. */
function changedValues(before: object, after: object): string[] {
  const [old, young] = [leaves(before, ''), leaves(after, '')];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap((path) => {
    const [a, b] = [old.get(path), young.get(path)];
    return a === b ? [] : [`${path} ${a ?? '(none)'} -> ${b ?? '(none)'}`];
  });
}

function leaves(value: object, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, inner] of Object.entries(value)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) found.set(path, JSON.stringify(inner));
    else for (const [below, leaf] of leaves(inner, path)) found.set(below, leaf);
  }
  return found;
}

/** Findings that the second rule set would add (+) or drop (-) on recordings, and their numbers. */
export async function* recordedChanges(dir: string, before: LoadedRules, after: LoadedRules): AsyncGenerator<string> {
  for (const folder of recordingFolders(dir)) {
    const recording = await readRecording(folder);
    const [a, b] = [runRules(folder, recording, before), runRules(folder, recording, after)];
    const change = changeBetween(folder, a, b);
    yield* changeLines([change]);
    yield `${folder}: ${change.appeared.length} findings appear, ${change.vanished.length} vanish, ${change.kept} stay`;
  }
}

import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RuleError } from './rules.ts';
import { type RulesWatch, watchRules } from './rules-watch.ts';

const shipped = fileURLToPath(new URL('../../rules', import.meta.url));
const file = 'common/stopped-but-running.yaml';

let root: string;
let dir: string;
let rules: RulesWatch | undefined;
/** What the watch said, in order. */
let heard: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rules-watch-'));
  dir = join(root, 'rules');
  for (const name of ['load.yaml', file, 'common/stopped-declared.yaml']) cpSync(join(shipped, name), join(dir, name));
  heard = [];
});

afterEach(() => {
  rules?.stop();
  rules = undefined;
  rmSync(root, { recursive: true });
});

function start(pollMs = 3_600_000, of = dir): RulesWatch {
  rules = watchRules(
    { dir: of, pollMs },
    {
      changed: (loaded, before) => heard.push(`${levelOf(before)} -> ${levelOf(loaded)}`),
      refused: (problems) => heard.push(`refused ${problems.length}`),
    },
  );
  return rules;
}

const levelOf = ({ rules: all }: { readonly rules: readonly { readonly id: string; readonly level: string }[] }) =>
  all.find(({ id }) => id === 'stopped-but-running')?.level ?? 'none';

const shippedText = readFileSync(join(shipped, file), 'utf8');
const withLevel = (level: string): string => shippedText.replace(/^level: .*/m, `level: ${level}`);
const write = (text: string): void => writeFileSync(join(dir, file), text);

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadlineMs = performance.now() + 20_000; !holds(); ) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}; heard ${heard.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a changed rule is loaded, and who listens is told what was before', async () => {
  write(withLevel('orange'));
  const watched = start();
  const before = watched.current.hash;
  write(withLevel('red'));
  await until('it is loaded', () => heard.length > 0);
  expect(heard).toEqual(['ORANGE -> RED']);
  expect(watched.current.hash).not.toBe(before);
});

test('broken rules are refused once, and the old ones stay until they are mended', async () => {
  write(withLevel('orange'));
  const watched = start(50);
  const before = watched.current;
  write('id: [');
  await until('they are refused', () => heard.length > 0);
  await pause(1_500);
  expect(heard).toEqual(['refused 1']);
  expect(watched.current).toBe(before);
  write(withLevel('yellow'));
  await until('they are loaded', () => heard.length > 1);
  expect(heard[1]).toBe('ORANGE -> YELLOW');
});

test('a folder that is being written is not read before it lies still', async () => {
  write(withLevel('orange'));
  start(20);
  rmSync(join(dir, file));
  await pause(600);
  write('level: red');
  await pause(600);
  write(withLevel('red'));
  await until('it is loaded', () => heard.length > 0);
  expect(heard).toEqual(['ORANGE -> RED']);
});

test('what is put back as it was, or bears on nothing that judges, is no change', async () => {
  write(withLevel('orange'));
  start(20);
  write(withLevel('red'));
  await pause(300);
  write(withLevel('orange'));
  writeFileSync(join(dir, 'common/stopped-but-running.test.yaml'), '');
  await pause(2_500);
  expect(heard).toEqual([]);
});

test('a folder that is another one now, as of a mounted volume, is found by looking', async () => {
  write(withLevel('orange'));
  const link = join(root, 'link');
  symlinkSync(dir, link);
  start(100, link);
  const next = join(root, 'next');
  cpSync(dir, next, { recursive: true });
  writeFileSync(join(next, file), withLevel('blue'));
  symlinkSync(next, join(root, 'swap'));
  renameSync(join(root, 'swap'), link);
  await until('it is loaded', () => heard.length > 0);
  expect(heard).toEqual(['ORANGE -> BLUE']);
});

test('a folder that is gone is refused like any other; one that was never right cannot be watched', async () => {
  write(withLevel('orange'));
  const watched = start(50);
  renameSync(dir, join(root, 'elsewhere'));
  await until('it is refused', () => heard.length > 0);
  expect(heard).toEqual(['refused 1']);
  expect(watched.current.rules).toHaveLength(2);
  expect(() => watchRules({ dir, pollMs: 50 }, { changed() {}, refused() {} })).toThrow(RuleError);
});

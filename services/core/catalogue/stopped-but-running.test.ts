import { describe, expect, test } from '@jest/globals';
import type { FindingFacts } from '../detectors/detector.ts';
import { aRule, startMs } from '../testing/builders.ts';
import { stoppedButRunningSentence } from './stopped-but-running.ts';

function someFacts(changes: Partial<FindingFacts> = {}): FindingFacts {
  return {
    rule: aRule(),
    subjectKind: 'EQUIPMENT',
    subjectName: 'Sander 3',
    machineNames: ['Sander 3'],
    meterId: 'P7',
    minutes: 135,
    seen: 43.26,
    bound: 5.04,
    runningTypicalKw: 45.5,
    logLikelihoodRatio: 27.7,
    reason: 'load-of-running-kind',
    cause: null,
    indicator: null,
    firstMs: startMs,
    lastEndMs: startMs,
    timeZone: 'Asia/Shanghai',
    cameras: [],
    detail: {},
    ...changes,
  };
}

describe('the sentence of a machine that runs while it is said to stand', () => {
  test('holds the same figures in both languages', () => {
    const { en, zh } = stoppedButRunningSentence(someFacts());
    for (const text of [en, zh]) {
      for (const figure of ['Sander 3', 'P7', '43.3 kW', '5 kW', '45.5 kW', '10^12']) expect(text).toContain(figure);
    }
    expect(en).toContain('2 h 15 min');
    expect(zh).toContain('2 小时 15 分钟');
  });

  test.each([
    [45, '45 min', '45 分钟'],
    [120, '2 h', '2 小时'],
    [1501, '25 h 1 min', '25 小时 1 分钟'],
  ])('gives %d minutes as people say it', (minutes, en, zh) => {
    const summary = stoppedButRunningSentence(someFacts({ minutes }));
    expect(summary.en).toContain(`for ${en};`);
    expect(summary.zh).toContain(`在${zh}内`);
  });

  test('says what was reported, of a machine, of all behind a meter, and of a firm', () => {
    const machineNames = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
    const meter = stoppedButRunningSentence(someFacts({ subjectKind: 'METER', machineNames }));
    expect(meter.en).toContain('All machines behind meter P7 (A, B, C, D, E) were reported stopped');
    expect(meter.zh).toContain('均上报停机');
    const firm = stoppedButRunningSentence(someFacts({ subjectKind: 'ENTERPRISE', subjectName: 'Rosewood' }));
    expect(firm.en).toContain('Rosewood as a whole was reported stopped');
    expect(firm.zh).toContain('企业“Rosewood”整体上报停产');
  });

  test('leaves out what running draws where nobody knows, and writes small odds out', () => {
    const { en, zh } = stoppedButRunningSentence(
      someFacts({ runningTypicalKw: null, logLikelihoodRatio: Math.log(250) }),
    );
    expect(en).toContain('Running is 250 times likelier than a stop.');
    expect(zh).toContain('250 倍');
    expect(en).not.toContain('typically');
    expect(zh).not.toContain('正常运行约为');
  });
});

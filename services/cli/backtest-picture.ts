import type { Interval } from '../core/scoring-confidence.ts';
import type { Row } from './backtest-run.ts';
import { box, colour, diamond, dot, line, text } from './backtest-shapes.ts';
import { minutes, number, unknownText, worthShowing } from './backtest-table.ts';
import { detectorNames } from './detector-names.ts';

const width = 1240;
const top = 92;
const rowHeight = 62;

/** A panel of the picture: where it is, and what its axis shows. */
interface Panel {
  readonly left: number;
  readonly right: number;
  readonly title: string;
  readonly zh: string;
  readonly ticks: readonly (readonly [number, string])[];
  /** Place of a value on the axis, 0 to 1. */
  readonly at: (value: number) => number;
}

const linear = (value: number) => clamp(value);
const logarithmic = (low: number, high: number) => (value: number) =>
  clamp(Math.log(value / low) / Math.log(high / low));

const shares: Panel = {
  left: 250,
  right: 540,
  title: 'Precision, recall, F1',
  zh: '精确率、召回率、F1',
  ticks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, share.toString()]),
  at: linear,
};
const delays: Panel = {
  left: 620,
  right: 835,
  title: 'Delay after the data',
  zh: '数据到达后延迟',
  ticks: [
    [1, '1 min'],
    [15, '15 min'],
    [60, '1 h'],
    [360, '6 h'],
    [1440, '1 d'],
  ],
  at: logarithmic(1, 2880),
};
const falseAlarms: Panel = {
  left: 890,
  right: 1045,
  title: 'False a firm-month',
  zh: '每企业每月误报',
  ticks: [
    [0.001, '0'],
    [0.01, '.01'],
    [0.1, '.1'],
    [1, '1'],
    [10, '10'],
  ],
  at: logarithmic(0.001, 10),
};
const unknown: Panel = {
  left: 1090,
  right: 1200,
  title: 'Time unknown',
  zh: '无法判断时间',
  ticks: [
    [0, '0'],
    [0.5, '50 %'],
    [1, '100 %'],
  ],
  at: linear,
};

/**
 * Scores as SVG text: a band a detector, with precision, recall and F1 and their intervals, the delays, false alarms
 * beside the goal of 0.1, and the time in which nobody could tell. Baselines are diamonds on the line of F1.
 */
export function scorePicture(rows: readonly Row[], title = 'Backtest'): string {
  const shown = worthShowing(rows);
  const own = shown.filter((row) => row.method === 'wattness');
  const bottom = top + own.length * rowHeight;
  const parts = [
    text(24, 34, title, { size: 19, weight: 600 }),
    ...own.map((_, i) => (i % 2 === 0 ? box(0, top + i * rowHeight, width, rowHeight, colour.band) : '')),
    ...[shares, delays, falseAlarms, unknown].map((panel) => axis(panel, bottom)),
    line(x(falseAlarms, 0.1), top, x(falseAlarms, 0.1), bottom, colour.false, { dash: '4 3' }),
    ...own.map((row, i) => band(row, shown, top + i * rowHeight)),
    legend(
      bottom + 44,
      shown.some((row) => row.method !== 'wattness' && row.score.f1 > 0),
    ),
  ];
  const height = bottom + 64;
  const font =
    "'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Segoe UI', Helvetica, Arial, sans-serif";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${font}">`,
    box(0, 0, width, height, '#ffffff'),
    ...parts.filter((part) => part !== ''),
    '</svg>\n',
  ].join('\n');
}

function band(row: Row, all: readonly Row[], y: number): string {
  const { score, detector, known } = row;
  const told =
    score.lies > 0
      ? `${score.found} of ${score.lies} found, ${score.falseFindings} false`
      : `no lie, ${score.falseFindings} false`;
  const parts = [
    text(24, y + 26, `${detector} ${detectorNames[detector] ?? ''}`.trim(), { size: 13, weight: 600 }),
    text(24, y + 44, told, { size: 11, fill: colour.faint }),
  ];
  if (score.lies > 0) {
    const bars: [number, Interval | undefined, string][] = [
      [score.precision, score.precisionInterval, colour.precision],
      [score.recall, score.recallInterval, colour.recall],
      [score.f1, score.f1Interval, colour.f1],
    ];
    parts.push(...bars.map(([value, interval, fill], i) => bar(shares, value, interval, fill, y + 9 + i * 16)));
    for (const other of all) {
      if (other.detector !== detector || other.method === 'wattness' || other.score.f1 === 0) continue;
      parts.push(diamond(x(shares, other.score.f1), y + 46, `${other.method}: F1 ${number(other.score.f1, 3)}`));
    }
  }
  parts.push(...delayBox(row, y + rowHeight / 2));
  const { falsePerEnterpriseMonth: rate, falsePerEnterpriseMonthInterval: rates } = score;
  const middle = y + rowHeight / 2;
  if (rates) parts.push(whisker(falseAlarms, rates, middle, colour.false));
  parts.push(dot(x(falseAlarms, rate), middle, colour.false, rate > 0));
  if (known && known.judgedMs > 0) {
    const share = known.unknownMs / known.judgedMs;
    parts.push(box(unknown.left, middle - 6, x(unknown, share) - unknown.left, 12, colour.unknown));
    parts.push(text(x(unknown, share) + 5, middle + 4, unknownText(known), { size: 11, fill: colour.faint }));
  }
  return parts.join('\n');
}

function bar(panel: Panel, value: number, interval: Interval | undefined, fill: string, y: number): string {
  if (Number.isNaN(value)) return text(panel.left + 4, y + 9, 'says nothing', { size: 10, fill: colour.faint });
  const end = x(panel, value);
  return [
    box(panel.left, y, end - panel.left, 11, fill),
    interval ? whisker(panel, interval, y + 5.5, colour.ink) : '',
    text(panel.right + 8, y + 10, number(value, 3), { size: 11, fill }),
  ].join('');
}

/** Box from quarter to quarter, whiskers from tenth to tenth, a dot at the worst. */
function delayBox({ score }: Row, y: number): string[] {
  const spread = score.delayFromDataMs;
  if (!spread) return [];
  const at = (ms: number) => x(delays, Math.max(1, minutes(ms)));
  const told = `median ${minutes(spread.median)} min, 90 % within ${minutes(spread.p90)} min, at most ${minutes(spread.max)} min`;
  return [
    `<g><title>${told}</title>`,
    line(at(spread.p10), y, at(spread.p90), y, colour.delay, { thick: 2 }),
    box(at(spread.p25), y - 8, Math.max(2, at(spread.p75) - at(spread.p25)), 16, colour.delay),
    line(at(spread.median), y - 8, at(spread.median), y + 8, colour.ink, { thick: 2 }),
    dot(at(spread.max), y, colour.delay, false),
    '</g>',
  ];
}

function axis(panel: Panel, bottom: number): string {
  return [
    text(panel.left, top - 32, panel.title, { size: 12, weight: 600 }),
    text(panel.left, top - 16, panel.zh, { size: 11, fill: colour.faint }),
    ...panel.ticks.map(([value, label]) => {
      const at = x(panel, value);
      return (
        line(at, top, at, bottom, colour.grid) +
        text(at, bottom + 15, label, { size: 10, fill: colour.faint, middle: true })
      );
    }),
  ].join('');
}

function legend(y: number, withBaselines: boolean): string {
  const bars = (['precision', 'recall', 'f1'] as const).map((name, i) => {
    const left = shares.left + i * 76;
    return (
      box(left, y - 9, 11, 11, colour[name]) +
      text(left + 16, y, name === 'f1' ? 'F1' : name, { size: 11, fill: colour.faint })
    );
  });
  return [
    ...bars,
    withBaselines
      ? diamond(shares.left + 196, y - 4, 'baseline') +
        text(shares.left + 206, y, 'F1 of a baseline', { size: 11, fill: colour.faint })
      : '',
    text(delays.left, y, 'box: quarters, line: tenths, ring: worst', { size: 11, fill: colour.faint }),
    text(falseAlarms.left, y, 'dashed: the goal', { size: 11, fill: colour.faint }),
    text(24, y, 'whiskers: 95 %', { size: 11, fill: colour.faint }),
  ].join('');
}

function x(panel: Panel, value: number): number {
  return Math.round((panel.left + panel.at(value) * (panel.right - panel.left)) * 10) / 10;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function whisker(panel: Panel, { low, high }: Interval, y: number, stroke: string): string {
  const [from, to] = [x(panel, low), x(panel, high)];
  return line(from, y, to, y, stroke) + line(from, y - 3, from, y + 3, stroke) + line(to, y - 3, to, y + 3, stroke);
}

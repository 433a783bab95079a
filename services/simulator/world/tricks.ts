import { cleaningTricks } from './cleaning-tricks.ts';
import { collectorTricks } from './collector-tricks.ts';
import { darkTricks } from './dark-tricks.ts';
import { hotWorkTricks } from './hot-work.ts';
import { meterTricks } from './meter-tricks.ts';
import type { Planner } from './planner.ts';
import { sightTricks } from './sight-tricks.ts';
import { stopTricks } from './stop-tricks.ts';

/** Does something once, with its labels; false where the firm gives no occasion. */
export type Trick = (planner: Planner) => boolean;

/** Every way to deceive that the world knows, by the name that scenarios call it by. */
export const tricks = {
  ...stopTricks,
  ...darkTricks,
  ...meterTricks,
  ...hotWorkTricks,
  ...cleaningTricks,
  ...collectorTricks,
  ...sightTricks,
} satisfies Readonly<Record<string, Trick>>;

export type TrickName = keyof typeof tricks;
export const trickNames = Object.keys(tricks) as TrickName[];

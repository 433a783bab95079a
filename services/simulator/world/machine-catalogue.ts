import type { EquipmentKind } from '../../core/records.ts';
import type { MachineTraits } from './machine-load.ts';

/** A kind of machine as shops have it. */
export interface MachineKind {
  readonly id: string;
  readonly name: string;
  readonly kind: EquipmentKind;
  /** Motor power, kW, from small to large. */
  readonly motorKw: readonly [number, number];
  readonly traits: Omit<MachineTraits, 'motorKw'>;
}

const motor: Omit<MachineTraits, 'motorKw'> = {
  noLoadShare: 0.26,
  workShare: [0.18, 0.42],
  workMinutes: 8,
  pauseMinutes: 3,
  rampMinutes: 1,
  variableSpeed: false,
  standbyShare: 0.03,
  standbyMinutes: 0,
  stoppedKw: 0.2,
  tanPhi: 0.75,
};

export const woodMachines: readonly MachineKind[] = [
  {
    id: 'sander',
    name: '宽带砂光机',
    kind: 'PROCESS',
    motorKw: [45, 90],
    traits: { ...motor, noLoadShare: 0.3, workShare: [0.22, 0.46] },
  },
  {
    id: 'panel-saw',
    name: '开料锯',
    kind: 'PROCESS',
    motorKw: [12, 30],
    traits: { ...motor, workShare: [0.25, 0.55], workMinutes: 2, pauseMinutes: 3 },
  },
  {
    id: 'router',
    name: '数控镂铣机',
    kind: 'PROCESS',
    motorKw: [11, 24],
    traits: { ...motor, standbyShare: 0.08, standbyMinutes: 110, stoppedKw: 0.3, variableSpeed: true, tanPhi: 0.4 },
  },
  { id: 'moulder', name: '四面刨', kind: 'PROCESS', motorKw: [30, 55], traits: { ...motor, workMinutes: 14 } },
  {
    id: 'edge-bander',
    name: '封边机',
    kind: 'PROCESS',
    motorKw: [12, 22],
    traits: {
      ...motor,
      noLoadShare: 0.42,
      workShare: [0.1, 0.25],
      standbyShare: 0.16,
      standbyMinutes: 100,
      rampMinutes: 12,
    },
  },
  {
    id: 'band-saw',
    name: '带锯机',
    kind: 'PROCESS',
    motorKw: [15, 37],
    traits: { ...motor, workMinutes: 4, pauseMinutes: 4 },
  },
  {
    id: 'sanding-table',
    name: '打磨台',
    kind: 'PROCESS',
    motorKw: [3, 7.5],
    traits: { ...motor, noLoadShare: 0.4, workShare: [0.1, 0.3] },
  },
];

export const metalMachines: readonly MachineKind[] = [
  {
    id: 'polisher',
    name: '自动抛光机',
    kind: 'PROCESS',
    motorKw: [22, 55],
    traits: { ...motor, noLoadShare: 0.34, workMinutes: 11 },
  },
  { id: 'belt-grinder', name: '砂带磨床', kind: 'PROCESS', motorKw: [7.5, 18.5], traits: { ...motor, workMinutes: 5 } },
  {
    id: 'blaster',
    name: '抛丸机',
    kind: 'PROCESS',
    motorKw: [30, 75],
    traits: { ...motor, noLoadShare: 0.45, workShare: [0.15, 0.3], workMinutes: 12, pauseMinutes: 6 },
  },
  {
    id: 'deburrer',
    name: '去毛刺机',
    kind: 'PROCESS',
    motorKw: [5.5, 15],
    traits: { ...motor, variableSpeed: true, tanPhi: 0.4 },
  },
  {
    id: 'punch',
    name: '冲床',
    kind: 'PROCESS',
    motorKw: [11, 30],
    traits: { ...motor, noLoadShare: 0.2, workMinutes: 3, pauseMinutes: 2 },
  },
];

export const collectorFan: MachineKind = {
  id: 'collector',
  name: '除尘器风机',
  kind: 'DUST_COLLECTOR',
  motorKw: [22, 75],
  traits: { ...motor, noLoadShare: 0.72, workShare: [0.01, 0.05], workMinutes: 20, pauseMinutes: 8, stoppedKw: 0.15 },
};

export const steelMachines: readonly MachineKind[] = [
  {
    id: 'induction-furnace',
    name: '中频炉',
    kind: 'FURNACE',
    motorKw: [900, 1600],
    traits: {
      ...motor,
      noLoadShare: 0.25,
      workShare: [0.4, 0.62],
      workMinutes: 38,
      pauseMinutes: 9,
      rampMinutes: 4,
      stoppedKw: 3,
      tanPhi: 0.3,
    },
  },
  {
    id: 'rolling-mill',
    name: '轧机',
    kind: 'PROCESS',
    motorKw: [450, 900],
    traits: { ...motor, noLoadShare: 0.16, workShare: [0.25, 0.6], workMinutes: 5, pauseMinutes: 2, stoppedKw: 4 },
  },
  {
    id: 'caster',
    name: '连铸机',
    kind: 'PROCESS',
    motorKw: [90, 160],
    traits: { ...motor, noLoadShare: 0.4, workMinutes: 30, pauseMinutes: 8, stoppedKw: 1 },
  },
];

export const aluminiumMachines: readonly MachineKind[] = [
  {
    id: 'casting-machine',
    name: '深井铸造机',
    kind: 'PROCESS',
    motorKw: [75, 130],
    traits: {
      ...motor,
      noLoadShare: 0.55,
      workShare: [0.08, 0.2],
      workMinutes: 40,
      pauseMinutes: 4,
      rampMinutes: 3,
      stoppedKw: 1.2,
    },
  },
  {
    id: 'melting-furnace',
    name: '熔炼炉助燃风机',
    kind: 'FURNACE',
    motorKw: [37, 75],
    traits: { ...motor, noLoadShare: 0.6, workShare: [0.05, 0.2], workMinutes: 50, pauseMinutes: 15, stoppedKw: 0.6 },
  },
  {
    id: 'billet-saw',
    name: '铸棒锯切线',
    kind: 'PROCESS',
    motorKw: [30, 55],
    traits: { ...motor, workMinutes: 2, pauseMinutes: 4 },
  },
];

/** Cooling water must flow whenever metal is hot. */
export const coolingPump: MachineKind = {
  id: 'cooling-pump',
  name: '冷却水泵',
  kind: 'OTHER',
  motorKw: [37, 90],
  traits: { ...motor, noLoadShare: 0.66, workShare: [0.02, 0.08], workMinutes: 60, pauseMinutes: 20, stoppedKw: 0.2 },
};

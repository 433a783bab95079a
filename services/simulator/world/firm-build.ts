import type { Sector } from '../../core/records.ts';
import { createRandom, type Random } from '../random.ts';
import { dayMs, dayOfDate, midnightMs } from './china-days.ts';
import { noDeeds } from './deeds.ts';
import type { Background, Firm, FirmMeter, FirmSection, Machine, ShiftPattern, Welder } from './firm.ts';
import { cameraCode, firmName, placeOf } from './firm-places.ts';
import {
  aluminiumMachines,
  collectorFan,
  coolingPump,
  type MachineKind,
  metalMachines,
  steelMachines,
  woodMachines,
} from './machine-catalogue.ts';
import { seedOf } from './noise.ts';
import { type IndicatorSet, registeredLimits } from './readings.ts';
import type { FirmGroup, Neighbour, Scenario } from './scenario.ts';

const hour = 60;
const lunch = [12 * hour, 13 * hour + 10] as const;

const shiftPatterns: Readonly<Record<NonNullable<FirmGroup['shifts']>, readonly ShiftPattern[]>> = {
  day: [{ name: '白班', startMinute: 8 * hour, endMinute: 17 * hour + 45, breaks: [lunch] }],
  two: [
    { name: '早班', startMinute: 7 * hour, endMinute: 15 * hour, breaks: [[11 * hour, 11 * hour + 40]] },
    { name: '中班', startMinute: 15 * hour, endMinute: 23 * hour, breaks: [[18 * hour, 18 * hour + 40]] },
  ],
  three: [
    { name: '夜班', startMinute: 0, endMinute: 8 * hour, breaks: [[4 * hour, 4 * hour + 30]] },
    { name: '早班', startMinute: 8 * hour, endMinute: 16 * hour, breaks: [[12 * hour, 12 * hour + 30]] },
    { name: '中班', startMinute: 16 * hour, endMinute: 24 * hour, breaks: [[20 * hour, 20 * hour + 30]] },
  ],
  // Power is cheapest between 23:00 and 07:00.
  valley: [{ name: '谷段班', startMinute: 23 * hour, endMinute: 31 * hour, breaks: [[27 * hour, 27 * hour + 30]] }],
  always: [{ name: '连续', startMinute: 0, endMinute: 24 * hour, breaks: [] }],
  never: [{ name: '白班', startMinute: 8 * hour, endMinute: 17 * hour + 45, breaks: [lunch] }],
};

const sectorOf: Readonly<Record<FirmGroup['sector'], Sector>> = {
  wood: 'DUST_EXPLOSION',
  metal: 'DUST_EXPLOSION',
  steel: 'IRON_AND_STEEL',
  aluminium: 'ALUMINIUM_DEEP_WELL_CASTING',
};

const backgroundKw: Readonly<
  Record<Neighbour, { readonly name: string; readonly kw: readonly [number, number]; readonly registered: boolean }>
> = {
  dormitory: { name: '宿舍', kw: [25, 60], registered: true },
  hvac: { name: '空调机组', kw: [18, 45], registered: true },
  'holding-furnace': { name: '保温炉', kw: [60, 140], registered: true },
  compressor: { name: '空压机', kw: [7, 22], registered: false },
  lighting: { name: '照明', kw: [2, 7], registered: false },
  tenant: { name: '院内租户', kw: [30, 70], registered: false },
  photovoltaic: { name: '屋顶光伏', kw: [60, 220], registered: true },
};

export const totalMeterId = 'utility-total';
/** Motors are bought in sizes; nobody registers decimals above ten. */
const nameplate = (kw: number) => (kw < 10 ? Math.round(kw * 10) / 10 : Math.round(kw));

/** One firm of a group, with nothing done yet that is not routine. The same scenario, group, index and seed: the same firm. */
export function buildFirm(scenario: Scenario, group: FirmGroup, index: number, seed: number, days: number): Firm {
  const id = `${group.name}-${String(index + 1).padStart(4, '0')}`;
  const own = seedOf(seed, id);
  const random = createRandom(own, 'firm');
  const place = placeOf(group.region, random);
  const startMs = midnightMs(dayOfDate(group.start ?? scenario.start));
  const shape =
    group.sector === 'wood' || group.sector === 'metal'
      ? dustShape(group, own, random, place.code)
      : heavyShape(group, random, place.code);
  const backgrounds = backgroundsOf(group, random);
  const welders = weldersOf(group, shape, random);
  const name = firmName(group.sector, id, random);
  return {
    id,
    group: group.name,
    seed: own,
    ...name,
    sector: sectorOf[group.sector],
    regionCode: place.code,
    latitude: place.latitude,
    longitude: place.longitude,
    carrier: group.carrier ?? random.pick(['mobile', 'unicom', 'telecom']),
    startMs,
    endMs: startMs + days * dayMs,
    shifts: shiftPatterns[shiftsOf(group)],
    workdays: (group.saturdays ?? random.next() < 0.7) ? 0b0111111 : 0b0011111,
    continuous: shiftsOf(group) === 'always' || group.sector === 'steel' || group.sector === 'aluminium',
    sections: shape.sections,
    machines: shape.machines,
    backgrounds,
    welders,
    meters: metersOf(group, shape.machines, backgrounds, welders, random),
    clockSkewMs: group.habits?.['clock-skew'] ? Math.round(random.between(-180, 180)) * 1000 : 0,
    deeds: noDeeds(),
  };
}

function shiftsOf(group: FirmGroup): NonNullable<FirmGroup['shifts']> {
  return group.shifts ?? (group.sector === 'steel' ? 'three' : group.sector === 'aluminium' ? 'two' : 'day');
}

interface Shape {
  readonly sections: FirmSection[];
  readonly machines: Machine[];
}

function dustShape(group: FirmGroup, seed: number, random: Random, region: string): Shape {
  const [fewest, most] = group.machines ?? [3, 8];
  const count = fewest + Math.floor(random.next() * (most - fewest + 1));
  const workshops = count > 5 ? 2 : 1;
  const sections: FirmSection[] = [];
  for (let i = 0; i < workshops; i++) {
    const workers = group.workers ?? 5 + Math.floor(random.next() * 14);
    const camera = !group.tricks?.['no-camera'] && (workers > 30 || wantsCamera(group) || random.next() < 0.5);
    sections.push({
      id: `workshop-${i + 1}`,
      name: `${i + 1}号${group.sector === 'wood' ? '砂光' : '打磨'}车间`,
      dust: true,
      workers,
      personLimit: Math.ceil(workers * 1.15) + 1,
      cameraId: camera ? cameraCode(region, false, Math.abs(seed) + i) : null,
      cleans: shiftsOf(group) !== 'always',
    });
  }
  const kinds = group.sector === 'wood' ? woodMachines : metalMachines;
  const machines = Array.from({ length: count }, (_, i) =>
    machineOf(group, kinds[i % kinds.length]!, i + 1, sections[i % workshops]!.id, 'gateway-1', null, random),
  );
  for (const [i, section] of sections.entries()) {
    const served = machines.filter(({ sectionId }) => sectionId === section.id);
    const wet = group.sector === 'metal' && random.next() < 0.5;
    const set = group.readings === false ? null : wet ? 'wet-collector' : 'dry-collector';
    const collector = machineOf(
      group,
      collectorFan,
      i + 1,
      section.id,
      workshops > 1 && i === 1 ? 'gateway-2' : 'gateway-1',
      set,
      random,
    );
    machines.push({
      ...collector,
      works: 'follows',
      serves: served.map(({ id }) => id),
      collector: wet ? 'WET' : 'DRY',
      reportMs: set ? Math.max(120_000, collector.reportMs) : collector.reportMs,
    });
  }
  // Two workshops, two gateways.
  return {
    sections,
    machines: machines.map((machine) =>
      machine.sectionId === 'workshop-2' ? { ...machine, gatewayId: 'gateway-2' } : machine,
    ),
  };
}

const cameraWords = ['camera', 'air-blowing', 'crowd', 'hot-work', 'thick-layer'];

function wantsCamera(group: FirmGroup): boolean {
  const done = [...Object.keys(group.tricks ?? {}), ...Object.keys(group.habits ?? {})];
  return done.some((name) => cameraWords.some((word) => name.includes(word)));
}

function heavyShape(group: FirmGroup, random: Random, region: string): Shape {
  const steel = group.sector === 'steel';
  const section: FirmSection = {
    id: steel ? 'melt-shop' : 'casting-house',
    name: steel ? '炼钢车间' : '铸造车间',
    dust: false,
    workers: group.workers ?? 16,
    personLimit: Math.ceil((group.workers ?? 16) * 1.2) + 2,
    cameraId: cameraCode(region, true, Math.floor(random.next() * 1_000_000)),
    cleans: false,
  };
  const sets: readonly (IndicatorSet | null)[] = steel ? ['cooling', null, 'gas'] : ['casting', null, null];
  const kinds = steel ? steelMachines : aluminiumMachines;
  const machines = kinds.map((kind, i) =>
    machineOf(group, kind, 1, section.id, 'gateway-1', group.readings === false ? null : sets[i]!, random),
  );
  if (!steel) {
    machines[0] = { ...machines[0]!, works: 'casts', reportMs: group.readings === false ? 60_000 : 10_000 };
    machines[1] = { ...machines[1]!, works: 'always' };
  }
  machines.push({ ...machineOf(group, coolingPump, 1, section.id, 'gateway-1', null, random), works: 'always' });
  return { sections: [section], machines };
}

function machineOf(
  group: FirmGroup,
  kind: MachineKind,
  number: number,
  sectionId: string,
  gatewayId: string,
  set: IndicatorSet | null,
  random: Random,
): Machine {
  const [smallest, largest] = kind.motorKw;
  const motorKw = Math.round(random.between(smallest, largest) * 2) / 2;
  // Copied from other machines, in horsepower, or of the motor that was there before: 0.4 to 3 times the truth.
  const wrong = group.nameplates === 'right' ? 1 : 0.4 * 7.5 ** random.next();
  const missing = group.nameplates === 'missing' || (group.nameplates !== 'right' && random.next() < 0.15);
  const works = group.shifts === 'never' ? 'never' : group.shifts === 'always' ? 'always' : 'shifts';
  return {
    id: `${kind.id}-${number}`,
    name: number > 1 ? `${kind.name} ${number}` : kind.name,
    kind: kind.kind,
    sectionId,
    meterId: '',
    gatewayId,
    traits: { motorKw, ...kind.traits },
    nameplateKw: missing ? null : nameplate(motorKw * wrong),
    reportMs: (group.report_s ?? 60) * 1000,
    limits: set ? registeredLimits(set) : [],
    indicators: set,
    serves: [],
    collector: null,
    works,
  };
}

function backgroundsOf(group: FirmGroup, random: Random): Background[] {
  return (group.neighbours ?? []).map((kind): Background => {
    const { name, kw, registered } = backgroundKw[kind];
    return { id: kind, name, kind, scaleKw: Math.round(random.between(...kw)), registered };
  });
}

function weldersOf(group: FirmGroup, { sections }: Shape, random: Random): Welder[] {
  const done = [...Object.keys(group.tricks ?? {}), ...Object.keys(group.habits ?? {})];
  if (!done.some((name) => name.includes('hot-work'))) return [];
  const welders = sections.map(
    (section, i): Welder => ({
      id: `welder-${i + 1}`,
      name: '电焊机',
      sectionId: section.id,
      arcKw: Math.round(random.between(7, 14) * 10) / 10,
      chip: random.next() < 0.5,
      tool: 'welder',
    }),
  );
  if (!group.habits?.['hot-work-grinder']) return welders;
  return [
    ...welders,
    { id: 'grinder-1', name: '角磨机', sectionId: sections[0]!.id, arcKw: 1.1, chip: false, tool: 'grinder' },
  ];
}

/** A total of the utility and sub-meters by the group's lay-out; one meter for all is the total alone. */
function metersOf(
  group: FirmGroup,
  machines: Machine[],
  backgrounds: readonly Background[],
  welders: readonly Welder[],
  random: Random,
): FirmMeter[] {
  const layout = group.meters ?? 'each';
  const exports = backgrounds.some(({ kind }) => kind === 'photovoltaic');
  const total = {
    id: totalMeterId,
    role: 'ENTERPRISE_TOTAL',
    intervalMs: 900_000,
    parentId: null,
    exports,
    delivery: group.utility ?? 'immediate',
    rich: true,
  } as const;
  const besides = backgrounds.map(({ id }) => id);
  if (layout === 'one') {
    assign(machines, () => totalMeterId);
    return [{ ...total, feeds: [...machines.map(({ id }) => id), ...welders.map(({ id }) => id), ...besides] }];
  }
  const sharedFan = random.next() < 0.3;
  const idOf = (machine: Machine) =>
    machine.kind === 'DUST_COLLECTOR' && !(layout === 'halls' && sharedFan)
      ? `meter-${machine.id}`
      : layout === 'each'
        ? `meter-${machine.id}`
        : `meter-${machine.sectionId}`;
  assign(machines, idOf);
  const intervalMs = (group.meter_interval_s ?? 60) * 1000;
  const subs = [...new Set(machines.map(idOf))].map((id): FirmMeter => {
    const behind = machines.filter((machine) => machine.meterId === id);
    const plugged = layout === 'halls' ? welders.filter(({ sectionId }) => id === `meter-${sectionId}`) : [];
    const treats = behind.every(({ kind }) => kind === 'DUST_COLLECTOR');
    const mixed = behind.some(({ kind }) => kind === 'DUST_COLLECTOR') && !treats;
    return {
      id,
      role: treats ? 'TREATMENT' : mixed ? 'MIXED' : 'PRODUCTION',
      intervalMs,
      parentId: totalMeterId,
      exports: false,
      delivery: 'immediate',
      rich: true,
      feeds: [...behind.map((machine) => machine.id), ...plugged.map(({ id: welder }) => welder)],
    };
  });
  for (const sectionId of layout === 'each' ? new Set(welders.map((welder) => welder.sectionId)) : []) {
    const plugged = welders.filter((welder) => welder.sectionId === sectionId);
    subs.push({
      id: `meter-outlets-${sectionId}`,
      role: 'INDIRECT',
      intervalMs,
      parentId: totalMeterId,
      exports: false,
      delivery: 'immediate',
      rich: true,
      feeds: plugged.map(({ id }) => id),
    });
  }
  return [{ ...total, feeds: besides }, ...subs];
}

function assign(machines: Machine[], idOf: (machine: Machine) => string): void {
  machines.forEach((machine, i) => {
    machines[i] = { ...machine, meterId: idOf(machine) };
  });
}

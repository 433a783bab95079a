import { equipmentDefaults, shiftDefaults, siteDefaults } from '../core/record-defaults.ts';
import type { Equipment, EquipmentKind, Meter, SiteRegistration } from '../core/records.ts';
import type { MachineLoad } from './plant-load.ts';
import type { Random } from './random.ts';

export interface PlantMachine {
  readonly id: string;
  readonly name: string;
  readonly kind: EquipmentKind;
  readonly meterId: string;
  readonly load: MachineLoad;
  /** Left energised over the lunch break. */
  readonly standsBy: boolean;
}

const sander: MachineLoad = {
  motorKw: 75,
  noLoadShare: 0.3,
  workShare: [0.2, 0.45],
  workMinutes: 9,
  pauseMinutes: 3,
  warmUpMinutes: 12,
  standbyShare: 0.03,
  stoppedKw: 0.35,
};

const router: MachineLoad = {
  motorKw: 22,
  noLoadShare: 0.28,
  workShare: [0.12, 0.4],
  workMinutes: 14,
  pauseMinutes: 4,
  warmUpMinutes: 6,
  standbyShare: 0.07,
  stoppedKw: 0.25,
};

/** A furniture works: two machines on sub-meters of their own, three that share one, the dust collector's own. */
export const plantMachines: readonly PlantMachine[] = [
  { id: 'sander-1', name: '宽带砂光机', kind: 'PROCESS', meterId: 'meter-sander', load: sander, standsBy: false },
  {
    id: 'panel-saw-1',
    name: '开料锯',
    kind: 'PROCESS',
    meterId: 'meter-saw',
    load: { ...sander, motorKw: 30, noLoadShare: 0.18, workShare: [0.3, 0.6], workMinutes: 2, pauseMinutes: 3 },
    standsBy: false,
  },
  { id: 'cnc-router-1', name: '数控镂铣机 1', kind: 'PROCESS', meterId: 'meter-hall', load: router, standsBy: true },
  { id: 'cnc-router-2', name: '数控镂铣机 2', kind: 'PROCESS', meterId: 'meter-hall', load: router, standsBy: true },
  {
    id: 'edge-bander-1',
    name: '封边机',
    kind: 'PROCESS',
    meterId: 'meter-hall',
    // The glue pot's heating is most of it, so it hardly falls between pieces.
    load: { ...router, motorKw: 18, noLoadShare: 0.45, workShare: [0.1, 0.25], warmUpMinutes: 20 },
    standsBy: true,
  },
];

/** Must run whenever a machine makes dust, so it hides with whoever hides. */
export const dustCollector: PlantMachine = {
  id: 'dust-collector-1',
  name: '除尘风机',
  kind: 'DUST_COLLECTOR',
  meterId: 'meter-collector',
  load: { ...sander, motorKw: 55, noLoadShare: 0.74, workShare: [0, 0.05], warmUpMinutes: 0, stoppedKw: 0.2 },
  standsBy: false,
};

export const totalMeterId = 'utility-total';
const dormitoryId = 'dormitory-1';
const minuteMs = 60_000;

/** The registration as the firm filled it in: nameplates off by 0.4 to 3 times, and one in five missing. */
export function plantRegistration(enterpriseId: string, fromMs: number, random: Random): SiteRegistration {
  const machines = [...plantMachines, dustCollector];
  const equipment = machines.map((machine): Equipment => {
    const wrong = 0.4 * (3 / 0.4) ** random.next();
    const missing = random.next() < 0.2;
    return {
      ...equipmentDefaults,
      equipmentId: machine.id,
      name: machine.name,
      kind: machine.kind,
      sectionId: 'workshop-1',
      ratedPowerKw: missing ? null : Math.round(machine.load.motorKw * wrong),
    };
  });
  const dormitory: Equipment = {
    ...equipmentDefaults,
    equipmentId: dormitoryId,
    name: '宿舍',
    kind: 'DORMITORY',
    sectionId: 'living-quarters',
  };
  const meter = { installationId: '1', parentMeterId: totalMeterId, exports: false };
  const subMeters = [...new Set(machines.map((machine) => machine.meterId))].map((meterId): Meter => {
    const feeds = machines.filter((machine) => machine.meterId === meterId).map((machine) => machine.id);
    const role = meterId === dustCollector.meterId ? 'TREATMENT' : 'PRODUCTION';
    return { ...meter, meterId, role, intervalMs: minuteMs, feeds, deliveryDelayMs: minuteMs };
  });
  const total: Meter = {
    ...meter,
    meterId: totalMeterId,
    role: 'ENTERPRISE_TOTAL',
    intervalMs: 15 * minuteMs,
    feeds: [...machines.map((machine) => machine.id), dormitoryId],
    parentMeterId: null,
    deliveryDelayMs: 5 * minuteMs,
  };
  const shift = { ...shiftDefaults, daysOfWeek: 0b0111111 };
  return {
    ...siteDefaults,
    enterpriseId,
    effectiveFromMs: fromMs,
    name: '示例木业家具厂',
    nameEn: 'Sample furniture works',
    regionCode: '331024',
    sector: 'DUST_EXPLOSION',
    equipment: [...equipment, dormitory],
    meters: [total, ...subMeters],
    shifts: [
      { ...shift, name: '早班', startMinute: 8 * 60, endMinute: 12 * 60 },
      { ...shift, name: '中班', startMinute: 13 * 60 + 15, endMinute: 17 * 60 + 30 },
    ],
  };
}

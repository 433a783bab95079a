import type { Equipment, EquipmentKind, Meter, SiteRegistration } from '../../core/records.ts';
import type { BackgroundKind } from './background-load.ts';
import { hourMs, minuteMs } from './china-days.ts';
import type { Firm, FirmMeter } from './firm.ts';

const kindOf: Readonly<Record<BackgroundKind, EquipmentKind>> = {
  dormitory: 'DORMITORY',
  hvac: 'HVAC',
  'holding-furnace': 'HOLDING_FURNACE',
  photovoltaic: 'PHOTOVOLTAIC',
  compressor: 'OTHER',
  lighting: 'OTHER',
  tenant: 'OTHER',
};

/** What the firm says of itself from `effectiveFromMs` on; `installations` names meters that were replaced since. */
export function registrationOf(
  firm: Firm,
  effectiveFromMs: number,
  installations: ReadonlyMap<string, string>,
): SiteRegistration {
  const plain = { reportIntervalMs: minuteMs, limits: [], serves: [], collector: null } as const;
  const machines = firm.machines.map(
    (machine): Equipment => ({
      equipmentId: machine.id,
      name: machine.name,
      kind: machine.kind,
      sectionId: machine.sectionId,
      ratedPowerKw: machine.nameplateKw,
      reportIntervalMs: machine.reportMs,
      limits: machine.limits,
      serves: machine.serves,
      collector: machine.collector,
    }),
  );
  const backgrounds = firm.backgrounds
    .filter(({ registered }) => registered)
    .map(
      ({ id, name, kind }): Equipment => ({
        ...plain,
        equipmentId: id,
        name,
        kind: kindOf[kind],
        sectionId: '',
        ratedPowerKw: null,
      }),
    );
  const welders = firm.welders.map(
    ({ id, name, sectionId, arcKw, tool }): Equipment => ({
      ...plain,
      equipmentId: id,
      name,
      kind: tool === 'welder' ? 'WELDER' : 'OTHER',
      sectionId,
      ratedPowerKw: Math.round(arcKw),
    }),
  );
  const registered = new Set([...machines, ...backgrounds, ...welders].map(({ equipmentId }) => equipmentId));
  return {
    enterpriseId: firm.id,
    revision: 0,
    effectiveFromMs,
    name: firm.name,
    nameEn: firm.nameEn,
    regionCode: firm.regionCode,
    sector: firm.sector,
    timeZone: 'Asia/Shanghai',
    equipment: [...machines, ...backgrounds, ...welders],
    meters: firm.meters.map(
      (meter): Meter => ({
        meterId: meter.id,
        role: meter.role,
        intervalMs: meter.intervalMs,
        installationId: installations.get(meter.id) ?? '1',
        feeds: feedsOf(firm, meter).filter((id) => registered.has(id)),
        parentMeterId: meter.parentId,
        deliveryDelayMs: meter.delivery === 'bulk' ? 30 * hourMs : meter.intervalMs < 900_000 ? minuteMs : 5 * minuteMs,
        exports: meter.exports,
      }),
    ),
    shifts: firm.shifts.map(({ name, startMinute, endMinute }) => ({
      name,
      startMinute,
      endMinute,
      daysOfWeek: firm.continuous ? 0b1111111 : firm.workdays,
      onHolidays: firm.continuous,
    })),
    retired: false,
    sections: firm.sections.map(({ id, name, dust, workers, personLimit }) => ({
      sectionId: id,
      name,
      dust,
      workers,
      personLimit,
      cleanAfterRunHours: null,
    })),
    cameras: firm.sections.flatMap(({ id, cameraId }) => (cameraId ? [{ cameraId, sectionId: id }] : [])),
    latitude: firm.latitude,
    longitude: firm.longitude,
    carrier: firm.carrier,
  };
}

/** All that draws its power through the meter, directly or through others. */
function feedsOf(firm: Firm, meter: FirmMeter): string[] {
  const below = firm.meters.filter(({ parentId }) => parentId === meter.id).flatMap((child) => feedsOf(firm, child));
  return [...meter.feeds, ...below];
}

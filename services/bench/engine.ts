import type { InputRecord } from '../core/batch.ts';
import { createEngine, engineDefaults } from '../core/engine.ts';
import type { Power, SiteRegistration, Telemetry } from '../core/records.ts';
import { loadRules } from '../platform/rules.ts';

export interface EngineWorld {
  readonly enterprises: number;
  /** Machines an enterprise; small dust firms have about seven points. */
  readonly machines: number;
  readonly reportIntervalMs: number;
}

const startMs = Date.UTC(2026, 0, 5);
const slotMs = 900_000;

/** Registrations of a world of small firms: one 15-minute total meter each. */
export function registrations(world: EngineWorld): SiteRegistration[] {
  return Array.from({ length: world.enterprises }, (_, e) => ({
    enterpriseId: enterpriseId(e),
    revision: 0,
    effectiveFromMs: startMs - 86_400_000,
    name: `企业 ${e}`,
    nameEn: '',
    regionCode: '330106',
    sector: 'DUST_EXPLOSION' as const,
    timeZone: 'Asia/Shanghai',
    equipment: Array.from({ length: world.machines }, (_, m) => ({
      equipmentId: equipmentId(m),
      name: '',
      kind: 'PROCESS' as const,
      sectionId: '',
      ratedPowerKw: 20 + m,
      reportIntervalMs: world.reportIntervalMs,
      limits: [],
    })),
    meters: [
      {
        meterId: 'total',
        role: 'ENTERPRISE_TOTAL' as const,
        intervalMs: slotMs,
        installationId: '',
        feeds: Array.from({ length: world.machines }, (_, m) => equipmentId(m)),
        parentMeterId: null,
        deliveryDelayMs: 0,
        exports: false,
      },
    ],
    shifts: [],
    retired: false,
  }));
}

/** All records of [fromMs, toMs) in arrival order: every machine reports, every meter closes its slots. */
export function* worldRecords(world: EngineWorld, fromMs: number, toMs: number): Generator<InputRecord> {
  let offset = 0;
  for (let ms = fromMs; ms < toMs; ms += world.reportIntervalMs) {
    for (let e = 0; e < world.enterprises; e++) {
      const running = isRunning(e, ms);
      for (let m = 0; m < world.machines; m++) {
        const value: Telemetry = {
          enterpriseId: enterpriseId(e),
          equipmentId: equipmentId(m),
          observedAtMs: ms,
          state: running ? 'RUNNING' : 'STOPPED',
          gatewayId: null,
          readings: [],
        };
        yield { topic: 'telemetry', offset: offset++, arrivalMs: ms + 1000, value };
      }
    }
    if (ms % slotMs !== 0) continue;
    for (let e = 0; e < world.enterprises; e++) {
      const value: Power = {
        enterpriseId: enterpriseId(e),
        meterId: 'total',
        intervalStartMs: ms - slotMs,
        intervalMs: slotMs,
        // One firm in a hundred runs on the third day while it says that it does not.
        meanKw:
          isRunning(e, ms - slotMs) || (e % 100 === 0 && ms - startMs > 2 * 86_400_000) ? 95 + (e % 40) : 6 + (e % 3),
        quality: 'MEASURED',
        minKw: null,
        maxKw: null,
        meanKvar: null,
        registerKwh: null,
      };
      yield { topic: 'power', offset: offset++, arrivalMs: ms + 2000, value };
    }
  }
}

/** Engine events/s on one core and bytes of state an equipment, over a steady world with all rules on. */
export function measureEngine(rulesDir: string): {
  eventsPerSecond: number;
  bytesAnEquipment: number;
  slotBytesAMeter: number;
  snapshotBytesAnEquipment: number;
} {
  const gc = globalThis.gc;
  if (!gc) throw new Error('run with node --expose-gc: state cannot be measured without it');
  const world: EngineWorld = { enterprises: 200, machines: 7, reportIntervalMs: 60_000 };
  const rules = loadRules(rulesDir);
  gc();
  const before = process.memoryUsage();
  const engine = createEngine({ ...engineDefaults, rules });
  engine.apply(
    registrations(world).map((value, offset) => ({
      topic: 'site-registry' as const,
      offset,
      arrivalMs: startMs,
      value,
    })),
    startMs,
  );
  // Three days fill the horizon, so that sealing, learning and findings all take part.
  for (let day = 0; day < 3; day++) {
    for (let hour = 0; hour < 24; hour++) {
      const fromMs = startMs + (24 * day + hour) * 3_600_000;
      engine.apply(worldRecords(world, fromMs, fromMs + 3_600_000), fromMs + 3_600_000);
    }
  }
  const snapshot = [...engine.takeDirty().values()].reduce((sum, bytes) => sum + (bytes?.byteLength ?? 0), 0);
  const fromMs = startMs + 3 * 86_400_000;
  const records = [...worldRecords(world, fromMs, fromMs + 8 * 3_600_000)];
  const batch = 20_000;
  const begin = process.hrtime.bigint();
  for (let at = 0; at < records.length; at += batch) {
    const chunk = records.slice(at, at + batch);
    engine.apply(chunk, chunk.at(-1)!.arrivalMs);
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  const eventsPerSecond = records.length / seconds;
  records.length = 0;
  gc();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const equipment = world.enterprises * world.machines;
  const slots = Math.ceil(engineDefaults.latenessHorizonMs / slotMs) * 4;
  return {
    eventsPerSecond,
    bytesAnEquipment: (bytes - slots * world.enterprises) / equipment,
    slotBytesAMeter: slots,
    snapshotBytesAnEquipment: snapshot / equipment,
  };
}

/** Two shifts on workdays, staggered over the firms. */
function isRunning(enterprise: number, ms: number): boolean {
  const hour = Math.floor(ms / 3_600_000 + (enterprise % 5)) % 24;
  return hour >= 8 && hour < 22;
}

function enterpriseId(index: number): string {
  return `E${String(index).padStart(6, '0')}`;
}

function equipmentId(index: number): string {
  return `M${index}`;
}

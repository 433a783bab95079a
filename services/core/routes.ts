/** A gateway through which a machine was heard, from the first to the last time. */
interface Route {
  readonly gatewayId: string;
  fromMs: number;
  toMs: number;
}

/** Gateways of one machine that are remembered, at most. */
const mostRoutes = 4;
const none: Map<string, readonly Route[]> = new Map();

/** Through which gateways each machine was heard: where one was moved, several. Joins without regard to order. */
export class Routes {
  private byMachine = none;

  /** Gateway through which a machine was heard last before that time, as far as one is heard of for the first time once. */
  gatewayAt(equipmentId: string, ms: number): string | undefined {
    let latest: Route | undefined;
    for (const route of this.byMachine.get(equipmentId) ?? []) {
      if (route.fromMs < ms && (!latest || isLater(route, latest))) latest = route;
    }
    return latest?.gatewayId;
  }

  hear(equipmentId: string, gatewayId: string, observedAtMs: number): void {
    const routes = this.byMachine.get(equipmentId);
    const known = routes?.find((route) => route.gatewayId === gatewayId);
    if (known) {
      if (observedAtMs < known.fromMs) known.fromMs = observedAtMs;
      if (observedAtMs > known.toMs) known.toMs = observedAtMs;
      return;
    }
    if (this.byMachine === none) this.byMachine = new Map();
    const all = [...(routes ?? []), { gatewayId, fromMs: observedAtMs, toMs: observedAtMs }];
    this.byMachine.set(equipmentId, all.sort((a, b) => (isLater(a, b) ? -1 : 1)).slice(0, mostRoutes));
  }

  /** Forgets gateways that were last heard before `keepMs`, but for the only one of a machine. */
  prune(keepMs: number): void {
    for (const [id, routes] of this.byMachine) {
      if (routes.length === 1 || routes.every(({ toMs }) => toMs >= keepMs)) continue;
      const kept = routes.filter(({ toMs }) => toMs >= keepMs);
      if (kept.length > 0) this.byMachine.set(id, kept);
    }
  }

  forget(isKept: (equipmentId: string) => boolean): void {
    for (const id of this.byMachine.keys()) if (!isKept(id)) this.byMachine.delete(id);
  }

  toJSON(): readonly unknown[] {
    return [...this.byMachine];
  }

  static fromJSON(json: readonly (readonly [string, readonly Route[]])[]): Routes {
    const routes = new Routes();
    if (json.length > 0) routes.byMachine = new Map(json);
    return routes;
  }
}

/** Whether a machine came to one gateway after it came to the other. */
function isLater(one: Route, other: Route): boolean {
  return one.fromMs > other.fromMs || (one.fromMs === other.fromMs && one.gatewayId > other.gatewayId);
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The metrics of one process. Names start with `wattness_` and end in what is counted or its unit (base units, as
 * Prometheus has them); a name that does not is refused, for dashboards and alerts are built on names.
 * Asking again for a name gives the same metric, so that parts of a process need not pass them around.
 */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
}

const prefix = 'wattness_';
const counterName = /^wattness_[a-z][a-z0-9_]*_total$/;
const measureName =
  /^wattness_[a-z][a-z0-9_]*_(seconds|bytes|ratio|kilowatts|records|rows|batches|partitions|enterprises|equipment|meters|findings|alarms|slots|ready|info)$/;

/** With the metrics of Node and the process itself, under the same prefix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix });

  function once<M>(name: string, pattern: RegExp, create: () => M): M {
    if (!pattern.test(name)) throw new TypeError(`Metric name ${name} does not match ${pattern}`);
    return (registry.getSingleMetric(name) as M | undefined) ?? create();
  }

  return {
    registry,
    counter: (name, help, labels = []) =>
      once(name, counterName, () => new Counter({ name, help, labelNames: labels, registers: [registry] })),
    gauge: (name, help, labels = []) =>
      once(name, measureName, () => new Gauge({ name, help, labelNames: labels, registers: [registry] })),
    histogram: (name, help, buckets, labels = []) =>
      once(
        name,
        measureName,
        () => new Histogram({ name, help, buckets: [...buckets], labelNames: labels, registers: [registry] }),
      ),
  };
}

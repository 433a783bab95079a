import { afterEach, expect, test } from '@jest/globals';
import { type OpsServer, startOpsServer } from './http.ts';
import { createMetrics } from './metrics.ts';

const servers: OpsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function aServer() {
  const state = { live: true, ready: false, detail: { restored: 0.4 } as Record<string, unknown> };
  const metrics = createMetrics();
  const server = await startOpsServer({
    host: '127.0.0.1',
    port: 0,
    registry: metrics.registry,
    live: () => state.live,
    ready: () => ({ ready: state.ready, detail: state.detail }),
  });
  servers.push(server);
  return { state, metrics, server };
}

test('/livez and /readyz follow the service, with 503 and the reason while it is not', async () => {
  const { state, server } = await aServer();
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    return [response.status, await response.json()];
  };
  expect(await get('/livez')).toEqual([200, { live: true }]);
  expect(await get('/readyz')).toEqual([503, { ready: false, detail: { restored: 0.4 } }]);
  state.ready = true;
  state.detail = {};
  state.live = false;
  expect(await get('/readyz')).toEqual([200, { ready: true, detail: {} }]);
  expect(await get('/livez')).toEqual([503, { live: false }]);
});

test('/metrics is Prometheus text with the metrics of the service and of the process', async () => {
  const { metrics, server } = await aServer();
  metrics.counter('wattness_findings_total', 'Findings said.', ['state']).inc({ state: 'CONFIRMED' }, 2);
  const response = await fetch(`${server.url}/metrics`);
  const text = await response.text();
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain('wattness_findings_total{state="CONFIRMED"} 2');
  expect(text).toContain('wattness_process_resident_memory_bytes');
});

test('a port that is taken is an error with a code and a hint', async () => {
  const { server } = await aServer();
  const port = Number(new URL(server.url).port);
  const registry = createMetrics().registry;
  const options = { host: '127.0.0.1', port, registry, live: () => true, ready: () => ({ ready: true, detail: {} }) };
  await expect(startOpsServer(options)).rejects.toMatchObject({
    code: 'OPS_SERVER',
    message: expect.stringContaining('HTTP_PORT'),
    cause: { code: 'EADDRINUSE' },
  });
});

import Fastify from 'fastify';
import type { Registry } from 'prom-client';

export interface Readiness {
  readonly ready: boolean;
  /** For a person: what is being waited for, how far it is. Becomes the body of /readyz. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface OpsServer {
  readonly url: string;
  close(): Promise<void>;
}

export class OpsServerError extends Error {
  readonly code = 'OPS_SERVER';
}

/**
 * Serves what operators ask of every service: /livez (restart me when this fails), /readyz (send me work), /metrics.
 * Both health routes answer 200 or 503 with JSON. Throws `OpsServerError` when it cannot listen.
 */
export async function startOpsServer(options: {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly registry: Registry;
  live(): boolean;
  ready(): Readiness;
}): Promise<OpsServer> {
  // Probes keep connections open: closing must not wait for them.
  const server = Fastify({ forceCloseConnections: true });
  server.get('/livez', async (_request, reply) => {
    const live = options.live();
    return reply.code(live ? 200 : 503).send({ live });
  });
  server.get('/readyz', async (_request, reply) => {
    const { ready, detail } = options.ready();
    return reply.code(ready ? 200 : 503).send({ ready, detail });
  });
  server.get('/metrics', async (_request, reply) => {
    return reply.type(options.registry.contentType).send(await options.registry.metrics());
  });
  try {
    const url = await server.listen({ host: options.host, port: options.port });
    return { url, close: () => server.close() };
  } catch (cause) {
    await server.close();
    throw new OpsServerError(
      `Cannot listen on ${options.host}:${options.port} (${(cause as NodeJS.ErrnoException).code}). Is another service there? Set HTTP_PORT and HTTP_HOST.`,
      { cause },
    );
  }
}

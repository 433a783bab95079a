/**
 * The process that is the embedded ClickHouse: chDB takes one data directory a process and never gives its memory
 * back to Node, so it has one of its own. Started by `startEmbeddedClickHouse`, with which it lives and dies.
 */
import { mkdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openEmbeddedEngine } from './clickhouse-embedded-engine.ts';
import { createEmbeddedServer } from './clickhouse-embedded-http.ts';

export interface EmbeddedStart {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly passwords: { readonly default: string; readonly reader: string };
}

export type EmbeddedMessage =
  | { readonly kind: 'listening'; readonly port: number; readonly version: string }
  | { readonly kind: 'failed'; readonly stage: 'open' | 'listen'; readonly message: string };

function tell(message: EmbeddedMessage): void {
  process.send?.(message);
}

function start({ path, host, port, passwords }: EmbeddedStart): void {
  const spoolDir = join(path, 'spool');
  let engine: ReturnType<typeof openEmbeddedEngine>;
  try {
    engine = openEmbeddedEngine(join(path, 'data'));
    // What a killed process left: no INSERT of it can still be under way, for the engine's lock is ours.
    rmSync(spoolDir, { recursive: true, force: true });
    mkdirSync(spoolDir);
  } catch (error) {
    const failed: EmbeddedMessage = { kind: 'failed', stage: 'open', message: (error as Error).message };
    process.send!(failed, () => process.exit(1));
    return;
  }
  const server = createEmbeddedServer({ engine, passwords, spoolDir });

  async function stop(): Promise<void> {
    server.close();
    server.closeIdleConnections();
    await engine.close();
    server.closeAllConnections();
    process.exit(0);
  }

  server.once('error', (error) => {
    tell({ kind: 'failed', stage: 'listen', message: error.message });
    void stop();
  });
  server.listen(port, host, () => {
    tell({ kind: 'listening', port: (server.address() as AddressInfo).port, version: engine.version });
  });
  // Asked to stop, or the parent is no more.
  process.once('disconnect', () => void stop());
}

// The parent decides when to stop: a Ctrl-C in its terminal reaches this process too.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.once('message', (message) => start(message as EmbeddedStart));

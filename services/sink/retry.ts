import { setTimeout as wait } from 'node:timers/promises';

/** Work was given up because the sink stops: its positions are not committed, so it is read again. */
export class AbandonedError extends Error {
  readonly code = 'ABANDONED';
}

const firstWaitMs = 100;
const longestWaitMs = 10_000;

/**
 * Repeats `attempt` for ever until it resolves, waiting longer each time. An error that `isFinal` says cannot pass is
 * thrown at once. Once `stopping` is aborted the next failure is thrown as an `AbandonedError`.
 */
export async function retryForEver<T>(options: {
  readonly attempt: () => Promise<T>;
  readonly isFinal?: (error: unknown) => boolean;
  readonly onFailure: (error: unknown) => void;
  readonly stopping: AbortSignal;
}): Promise<T> {
  const { attempt, isFinal = () => false, onFailure, stopping } = options;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error)) throw error;
      onFailure(error);
      if (!stopping.aborted) await wait(waitMs, undefined, { signal: stopping }).catch(() => {});
      if (stopping.aborted) throw new AbandonedError('given up to stop; it will be read again', { cause: error });
    }
  }
}

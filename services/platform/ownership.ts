import type { Log, Membership } from './log.ts';

/**
 * Whether the group still gives us a partition of `topic`: asks its coordinator, which takes positions of the present
 * owner only. Opening transactions without having asked would fence whoever owns it now. False once `halted` is true.
 */
export async function isStillOwner(
  log: Log,
  membership: Membership,
  { group, topic, partition }: { readonly group: string; readonly topic: string; readonly partition: number },
  halted: () => boolean,
): Promise<boolean> {
  const offset = (await log.topics.committed(group, topic))[partition] ?? 0;
  if (halted()) return false;
  try {
    await membership.commit([{ topic, partition, offset }]);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'STALE_GENERATION') return false;
    throw error;
  }
}

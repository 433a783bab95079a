/** A binary heap of timers, ordered by time and then by name, so that what fires first never depends on history. */
export class Timers<T extends { readonly id: string }> {
  private readonly heap: { readonly dueMs: number; readonly item: T }[] = [];

  get nextMs(): number {
    return this.heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  push(dueMs: number, item: T): void {
    const { heap } = this;
    const entry = { dueMs, item };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the first timer out; the heap must not be empty. */
  pop(): T {
    const { heap } = this;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
        if (before(last, heap[child]!)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
    }
    return first.item;
  }
}

function before<T extends { readonly id: string }>(
  a: { readonly dueMs: number; readonly item: T },
  b: { readonly dueMs: number; readonly item: T },
): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.item.id < b.item.id);
}

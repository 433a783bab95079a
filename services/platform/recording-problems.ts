const shown = 20;

/** A recording or mapping that cannot be read: every problem found, up to twenty, each with file, line and a hint. */
export class RecordingError extends Error {
  readonly code = 'RECORDING_INVALID';
  readonly problems: readonly string[];
  constructor(where: string, problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${where}: ${count}\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Collects problems, so that a person mends a file in one go and not one line a run. */
export class Problems {
  private readonly found: string[] = [];

  /** `line` 0 means the file as a whole. */
  add(file: string, line: number, what: string): void {
    if (this.found.length < shown) this.found.push(line > 0 ? `${file}:${line}: ${what}` : `${file}: ${what}`);
  }

  /** True when there is no point in reading on. */
  get full(): boolean {
    return this.found.length >= shown;
  }

  get count(): number {
    return this.found.length;
  }

  throwIfAny(where: string): void {
    if (this.found.length > 0) throw new RecordingError(where, this.found);
  }
}

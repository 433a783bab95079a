/** A jest reporter whose last line counts all suites: `N passed, N failed, N skipped`. */
export default class ClosingLine {
  onRunComplete(
    _contexts,
    { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites },
  ) {
    // A suite that could not even load has failed, though none of its tests ran.
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    this.line = `${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`;
    process.once('exit', () => process.stdout.write(`${this.line}\n`));
  }
}

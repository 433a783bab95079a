import fc from 'fast-check';

/** The gate says the same of the same code. `PROPERTY_SEED=random` explores; a failure prints its own seed. */
const { PROPERTY_SEED = '1' } = process.env;
if (PROPERTY_SEED !== 'random') fc.configureGlobal({ seed: Number(PROPERTY_SEED) });

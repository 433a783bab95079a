import { Type } from 'typebox';

/** Settings of the second stage, beside the connections. */
export const regionSettings = {
  outageWindowMinutes: Type.Number({
    env: 'OUTAGE_WINDOW_MINUTES',
    default: 5,
    minimum: 1,
    maximum: 60,
    description:
      'Silences of enterprises that begin within so long of each other may be one regional outage, minutes; not below the usual interval of reports.',
  }),
  outageFalseBound: Type.Number({
    env: 'OUTAGE_FALSE_BOUND',
    default: 1e-6,
    minimum: 1e-15,
    maximum: 0.01,
    description: 'Regional outages concluded by mere chance, an onset of silence at most.',
  }),
  outageLeastEnterprises: Type.Integer({
    env: 'OUTAGE_LEAST_FIRMS',
    default: 3,
    minimum: 3,
    maximum: 1_000,
    description: 'Fewer enterprises that fall silent together are never a regional outage.',
  }),
  outageLeastShare: Type.Number({
    env: 'OUTAGE_LEAST_SHARE',
    default: 0.5,
    minimum: 0.1,
    maximum: 1,
    description: 'Share of the enterprises heard in a region that must fall silent together to be an outage, 0.1 to 1.',
  }),
};

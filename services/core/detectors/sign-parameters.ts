import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';

type Signs = Readonly<Record<string, TProperties>>;

/** What a rule states: one of the signs, with that sign's own parameters. */
export type BySign<S extends Signs> = {
  [K in keyof S & string]: { readonly sign: K } & Readonly<Static<TObject<S[K]>>>;
}[keyof S & string];

/**
 * Schema of a detector that knows several signs of one thing: a rule names a sign and states what that sign asks for,
 * all of it and nothing else.
 */
export function signParameters(signs: Signs, description: string): TObject {
  const names = Object.keys(signs);
  const all = new Map(names.flatMap((name) => Object.entries(signs[name]!)));
  const optional: Record<string, TSchema> = {};
  for (const [key, schema] of all) optional[key] = Type.Optional(schema);
  const conditions = names.map((name) => {
    const own = Object.keys(signs[name]!);
    const others = [...all.keys()].filter((key) => !own.includes(key));
    return {
      if: { properties: { sign: { const: name } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { required: own, properties: Object.fromEntries(others.map((key) => [key, false])) },
    };
  });
  return Type.Object(
    { sign: Type.Enum(names, { description }), ...optional },
    { additionalProperties: false, allOf: conditions },
  );
}

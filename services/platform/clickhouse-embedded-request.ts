import type { IncomingMessage } from 'node:http';
import { EngineError, exceptionText } from './clickhouse-embedded-engine.ts';

/** What a request asks, apart from its SQL and its body. */
export interface EndpointRequest {
  readonly query: string;
  readonly user: 'default' | 'reader';
  readonly queryId: string | undefined;
  readonly database: string | undefined;
  readonly defaultFormat: string | undefined;
  readonly settings: readonly (readonly [string, string])[];
  readonly params: readonly (readonly [string, string])[];
  readonly acceptsGzip: boolean;
}

/** Passwords of the two users; an empty one asks for none. */
export interface Passwords {
  readonly default: string;
  readonly reader: string;
}

/** Parameters of the HTTP interface itself: no settings of the engine. */
const ownParameters = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'user',
  'password',
  'quota_key',
  'wait_end_of_query',
  'buffer_size',
  'stacktrace',
  'close_session',
  'session_timeout',
  'session_check',
  'http_make_head_request',
]);

/** Parameters that change what the answer means and that this endpoint does not speak: better refused than ignored. */
const unsupported: Readonly<Record<string, string>> = {
  session_id: 'Sessions',
  compress: "ClickHouse's own block compression (use gzip)",
  decompress: "ClickHouse's own block compression (use gzip)",
  role: 'Roles',
  // It changes the bytes of Native blocks; without it they are those of revision 0, which every driver reads.
  client_protocol_version: 'Revisions of the native protocol (use a JSON format)',
};

/** Throws `EngineError` for a user that is not one, a wrong password, or what is not supported. */
export function readRequest(request: IncomingMessage, passwords: Passwords): EndpointRequest {
  const url = new URL(request.url!, 'http://localhost');
  const settings: [string, string][] = [];
  const params: [string, string][] = [];
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) {
      params.push([identifier(name.slice('param_'.length)), value]);
    } else if (unsupported[name] !== undefined) {
      if (value !== '' && value !== '0') {
        throw new EngineError(
          48,
          exceptionText(48, `${unsupported[name]} not supported when ClickHouse is embedded`, 'NOT_IMPLEMENTED'),
        );
      }
    } else if (!ownParameters.has(name)) {
      settings.push([identifier(name), value]);
    }
  }
  const given = (name: string) => url.searchParams.get(name) ?? undefined;
  return {
    query: given('query') ?? '',
    user: authenticate(request, url.searchParams, passwords),
    queryId: given('query_id'),
    database: given('database') ?? header(request, 'x-clickhouse-database'),
    defaultFormat: given('default_format') ?? header(request, 'x-clickhouse-format'),
    settings,
    params,
    acceptsGzip: /\bgzip\b/.test(header(request, 'accept-encoding') ?? ''),
  };
}

function authenticate(request: IncomingMessage, search: URLSearchParams, passwords: Passwords): 'default' | 'reader' {
  // Any page that a browser on this machine shows could post SQL here: no page has business with it.
  if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] === 'cross-site') {
    throw new EngineError(497, exceptionText(497, 'Requests from web pages are not allowed', 'ACCESS_DENIED'));
  }
  let user = header(request, 'x-clickhouse-user') ?? search.get('user') ?? undefined;
  let password = header(request, 'x-clickhouse-key') ?? search.get('password') ?? undefined;
  const basic = /^Basic (.+)$/i.exec(header(request, 'authorization') ?? '');
  if (basic !== null) {
    const [name, ...rest] = Buffer.from(basic[1]!, 'base64').toString().split(':');
    user ??= name;
    password ??= rest.join(':');
  }
  user = user === undefined || user === '' ? 'default' : user;
  if ((user !== 'default' && user !== 'reader') || (password ?? '') !== passwords[user]) {
    const text = `${user}: Authentication failed: password is incorrect, or there is no user with such name`;
    throw new EngineError(516, exceptionText(516, text, 'AUTHENTICATION_FAILED'));
  }
  return user;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Names go into SET statements as they are. */
function identifier(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw new EngineError(115, exceptionText(115, `Unknown setting '${name}'`, 'UNKNOWN_SETTING'));
}
